import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dataDirectory } from "../../../shared/cli/data-directory.ts";
import { formatted } from "../../../shared/cli/result-format.ts";
import { execute } from "../../../shared/kql/interpret.ts";

const MAIN = fileURLToPath(new URL("../../../shared/cli/main.ts", import.meta.url));
const LEVEL = fileURLToPath(new URL("../../fixtures/rmm-level-file-signature.yaml", import.meta.url));
const NOW = "2026-03-01T12:00:00Z";

const OTHER_DIALECT = ["--now", NOW, "--dialect", "defender-xdr", "--format", "csv"];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kql-run-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command in a process of its own, in the folder. */
const firstsight = (...args: readonly string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });

const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
const writeCertificates = (...rows: readonly string[]): Promise<void> =>
  write("DeviceFileCertificateInfo.ndjson", rows.join("\n"));

const row = (deviceId: string, when: string, more = ""): string =>
  `{"TimeGenerated":"${when}","DeviceId":"${deviceId}","DeviceName":"pc","Signer":"Level Software, Inc"${more}}`;

describe("kql run", () => {
  it("a YAML runs with its own window and a Timestamp; longs beyond 2^53 stay exact", async () => {
    await writeCertificates(
      row("a1", "2026-02-28T12:00:00Z", `,"ReportId":9007199254740993`),
      "",
      row("a2", "2026-02-20T12:00:00Z"),
    );
    const { code, stdout, stderr } = await firstsight("kql", "run", LEVEL, "--data", ".", "--now", NOW);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(
      [
        "DeviceId  DeviceName  FirstSeen                     LastSeen                      Report              Count",
        "--------  ----------  ----------------------------  ----------------------------  ------------------  -----",
        "a1        pc          2026-02-28T12:00:00.0000000Z  2026-02-28T12:00:00.0000000Z  [9007199254740993]      1",
        "(1 row)",
        "",
      ].join("\n"),
    );
  });

  it("a .kql runs as it is, in either dialect; ingestion_time() is that of the row", async () => {
    await writeCertificates(`{"Timestamp":"2026-02-28T12:00:00Z","$ingested":"2026-02-28T12:05:00Z"}`);
    await write("own.kql", "DeviceFileCertificateInfo | project Late = ingestion_time() - Timestamp, Now = now()");
    const ended = await firstsight("kql", "run", "own.kql", "--data", ".", ...OTHER_DIALECT);
    expect(ended).toEqual({ code: 0, stdout: "Late,Now\r\n00:05:00,2026-03-01T12:00:00.0000000Z\r\n", stderr: "" });
  });

  it("a query that is wrong: each problem at its place in the file, exit 1", async () => {
    await write("wrong.kql", "DeviceInfo\n| where Nope == 1\n| join Missing on DeviceId");
    const { code, stdout, stderr } = await firstsight("kql", "run", "wrong.kql", "--data", ".");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^wrong\.kql:2:9: KS142 .*'Nope'.*\nwrong\.kql:3:8: KS204 .*'Missing'/);
  });

  it("a YAML's query that can't run: the place is that of the YAML", async () => {
    await write(
      "own-file.yaml",
      "id: 3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc\nname: n\ndescription: d\ntactics: [CommandAndControl]\nrelevantTechniques: [T1219]\nquery: |\n  DeviceInfo\n  | where DeviceId != ''\n  | summarize c = count(), series_stats(dynamic([1])) by DeviceId\n",
    );
    const { code, stderr } = await firstsight("kql", "run", "own-file.yaml", "--data", ".");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^own-file\.yaml:9:/);
  });

  it("10,000 nested parentheses: one problem, at once", async () => {
    await write("deep.kql", `print ${"(".repeat(10_000)}1${")".repeat(10_000)}`);
    const { code, stderr } = await firstsight("kql", "run", "deep.kql", "--data", ".");
    expect(code).toBe(1);
    expect(stderr).toMatch(/^deep\.kql:1:\d+: .*nested deeper/);
  });

  it("a YAML's query that outgrows its bounds: its place in the YAML, in bounded time and memory", async () => {
    await write(
      "large.yaml",
      `id: 3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc\nname: n\ndescription: d\ntactics: [CommandAndControl]\nrelevantTechniques: [T1219]\nquery: |\n  DeviceInfo\n  | extend l = strrep(strrep(strrep("x", 1000), 1000), 1000)\n  | summarize max(l) by DeviceId\n`,
    );
    await write("DeviceInfo.ndjson", "{}");
    const { code, stderr } = await firstsight("kql", "run", "large.yaml", "--data", ".");
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^large\.yaml:8:\d+: strrep\(\) makes/)]);
    expect(stderr).not.toMatch(/ at \d+:\d+/);
  });

  it.each([
    ["no rows", ["own.kql"], "--data"],
    ["a folder that is not there", ["own.kql", "--data", "nowhere"], "nowhere: ENOENT; name a folder"],
    ["a query that is not there", ["none.kql", "--data", "."], "none.kql is not there"],
    ["a file of another kind", ["own.txt", "--data", "."], "own.txt: name a .kql"],
    ["a time that is none", ["own.kql", "--data", ".", "--now", "noon"], "2026-03-01T12:00:00Z"],
    ["a format that is none", ["own.kql", "--data", ".", "--format", "xml"], "table, json, csv"],
  ])("usage, exit 2: %s", async (_title, args, message) => {
    await write("own.kql", "print 1");
    const { code, stderr } = await firstsight("kql", "run", ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe("rows in files", () => {
  const read = () => dataDirectory(folder, "log-analytics").tables();

  it.each([
    [`{"DeviceId":"a"`, ":1: is no JSON"],
    [`{}\n[{"DeviceId":"a"}]`, ":2: begins a JSON array; write one JSON object a line"],
    [`{}\n\n"text"`, ":3: is no JSON object"],
    [
      `{"DevceId":"a"}`,
      `:1: DeviceFileCertificateInfo has no column "DevceId" in log-analytics; did you mean DeviceId?`,
    ],
    [`{"Timestamp":"2026-01-01"}`, "; write TimeGenerated, or run with --dialect defender-xdr"],
    [`{"IsSigned":"maybe"}`, `:1: IsSigned: "maybe" is no bool; write true or false`],
    [`{"TimeGenerated":1767225600000}`, ":1: TimeGenerated: 1767225600000 is no datetime; write"],
    [`{"TimeGenerated":"31 February"}`, `:1: TimeGenerated: "31 February" is no datetime`],
    [`{"$ingested":"soon"}`, `:1: $ingested: "soon" is no datetime`],
    [`{"ReportId":1.5}`, ":1: ReportId: 1.5 is no long; write 12"],
    [`{"ReportId":"1.5"}`, `:1: ReportId: "1.5" is no long`],
    [`{"ReportId":9223372036854775808}`, "is no long; write 12"],
    [`{"ReportId":{"a":1}}`, `:1: ReportId: {"a":1} is no long`],
  ])("%s: says where, what and how", async (text, message) => {
    await writeCertificates(text);
    await expect(read()).rejects.toThrow(message);
  });

  it("a file that is no table's, and one that is no UTF-8", async () => {
    await write("DeviceInfos.ndjson", "{}");
    await expect(read()).rejects.toThrow(
      "there is no table DeviceInfos in log-analytics; did you mean DeviceInfo.ndjson?",
    );
    await rm(join(folder, "DeviceInfos.ndjson"));
    await writeFile(join(folder, "DeviceInfo.ndjson"), Buffer.from([0x7b, 0x7d, 0x0a, 0xff, 0xfe]));
    await expect(read()).rejects.toThrow("DeviceInfo.ndjson: not UTF-8, at or after line");
  });

  it("takes CRLF, a byte order mark, U+2028, dynamics as JSON or text, numbers as text", async () => {
    await write(
      "DeviceInfo.ndjson",
      `\uFEFF{"DeviceId":"a\u2028b","AdditionalFields":{"x":[1]},"ReportId":"639199803770463703"}\r\n{"AdditionalFields":"{\\"x\\":[2]}"}\r\n`,
    );
    const result = execute("DeviceInfo | project DeviceId, x = AdditionalFields.x[0], ReportId", {
      tables: await read(),
      now: new Date(NOW),
    });
    expect(result.rows).toEqual([
      ["a\u2028b", 1, 639199803770463703n],
      ["", 2, null],
    ]);
  });

  it("reads a file again once it has changed, and only then", async () => {
    const directory = dataDirectory(folder, "log-analytics");
    await writeCertificates("{}");
    await write("DeviceInfo.ndjson", "{}");
    const before = await directory.tables();
    await writeCertificates("{}", "{}");
    const [after, same] = await Promise.all([directory.tables(), directory.tables()]);
    expect(after["DeviceFileCertificateInfo"]?.rows).toHaveLength(2);
    expect(after["DeviceInfo"]).toBe(before["DeviceInfo"]);
    expect(same["DeviceFileCertificateInfo"]).toBe(after["DeviceFileCertificateInfo"]);
  });
});

describe("formats", () => {
  const text = (query: string, format: "table" | "json" | "csv"): string =>
    [...formatted(execute(query, { tables: {}, now: new Date(NOW) }), format)].join("");

  it("table: control and bidi characters are gone, cells are bounded, null is told from empty", () => {
    const query = String.raw`print a = "x\u001b[31m\u202ey\nz", b = strcat(${Array.from({ length: 30 }, () => '"abc"').join()}), c = long(null), d = ""`;
    const [header, , cells, total] = text(query, "table").split("\n");
    expect(header).toMatch(/^a +b +c +d$/);
    expect(cells).toBe(`x[31my z  ${"abc".repeat(30).slice(0, 59)}…  null`);
    expect(total).toBe("(1 row)");
  });

  it("json: every digit of a long, dynamics as JSON, times as text", () => {
    const query = `print l = 9007199254740993, d = dynamic({"a": [1, 2.0]}), t = datetime(2026-01-01), s = 1d, r = real(nan), n = bool(null)`;
    const json = text(query, "json");
    expect(json).toContain(`[9007199254740993,{"a":[1,2.0]},"2026-01-01T00:00:00.0000000Z","1.00:00:00","NaN",null]`);
    expect(JSON.parse(json).columns[0]).toEqual({ name: "l", type: "long" });
  });

  it("csv: RFC 4180", () => {
    const query = String.raw`print ["a,b"] = "x\"y", c = "p\r\nq", d = long(null), e = "plain"`;
    expect(text(query, "csv")).toBe('"a,b",c,d,e\r\n"x""y","p\r\nq",,plain\r\n');
  });
});
