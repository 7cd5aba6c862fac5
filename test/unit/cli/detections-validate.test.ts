import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text as wholeOf } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { timePrelude } from "../../../shared/catalog/prelude.ts";
import { addDetectionsCommand } from "../../../shared/cli/detections.ts";
import { addKqlCommand } from "../../../shared/cli/kql.ts";
import { operationsQuery } from "../../../shared/kql/query-purpose.ts";
import type { QueryPurpose } from "../../../shared/kql/query-purpose.ts";
import { NO_PRELUDE, validateQuery } from "../../../shared/kql/validate.ts";
import type { Said } from "./command-line.ts";
import { commandLine } from "./command-line.ts";
import { huntingFile, queryBlock, scheduledFile } from "../catalog/detection-source.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "firstsight-validate-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, text: string | Buffer): string => {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
};

const validate = (...args: readonly string[]): Promise<Said> =>
  commandLine(addDetectionsCommand, ["detections", "validate", ...args]);

/** The command itself, in a process of its own. */
async function program(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, ["shared/cli/main.ts", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [out, err, [code]] = await Promise.all([wholeOf(child.stdout), wholeOf(child.stderr), once(child, "exit")]);
  return { code, out, err };
}

const explain = (...args: readonly string[]): Promise<Said> => commandLine(addKqlCommand, ["kql", "explain", ...args]);

/** Without the folder's name, which is another each time. */
const local = (lines: readonly string[]): readonly string[] => lines.map((line) => line.replaceAll(`${folder}/`, ""));

const problems = (text: string, purpose?: QueryPurpose): readonly string[] => {
  const validation = validateQuery(text, purpose === undefined ? timePrelude : NO_PRELUDE, purpose);
  return "problems" in validation
    ? validation.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`)
    : [];
};

/** The query of a file begins in line 9, column 3. */
const withQuery = (query: string): string => huntingFile({ query: queryBlock(query) });

/** A fault of each kind: the file, and how its line begins after the file's name. */
const SEEDED: readonly (readonly [name: string, text: string | Buffer, expected: string])[] = [
  ["not-utf8", Buffer.from([0xff, 0xfe, 0]), "1:1: not UTF-8"],
  ["huge", Buffer.alloc(1_000_001, "#"), "1:1: 1000001 bytes are too many"],
  ["empty", "", "1:1: not a detection"],
  ["yaml", huntingFile({ query: "query: [" }), "9:1: not valid YAML"],
  [
    "indentation",
    huntingFile({
      tactics:
        "requiredDataConnectors:\n  - connectorId: MicrosoftThreatProtection\n  dataTypes:\n    - DeviceInfo\ntactics:",
    }),
    "6:1: dataTypes is indented two spaces too little",
  ],
  ["id", huntingFile({ id: "id: 7" }), "1:5: id must be a GUID"],
  ["name-length", huntingFile({ name: `name: ${"x".repeat(257)}` }), "2:7: name is a text of 1 to 256 characters"],
  ["key", huntingFile({ severity: "serverity: High" }), "11:1: unknown key serverity; did you mean severity?"],
  ["tactic", huntingFile({ tactics: "tactics: [Persistance]" }), '4:11: "Persistance" is no ATT&CK tactic'],
  [
    "technique",
    huntingFile({ relevantTechniques: "relevantTechniques: t1219" }),
    '6:21: "t1219" is no ATT&CK technique',
  ],
  ["severity", scheduledFile({ severity: "severity: Urgent" }), '12:11: severity "Urgent" must be one of'],
  ["frequency", scheduledFile({ queryFrequency: "queryFrequency: 4m" }), "13:17: queryFrequency must be between"],
  ["period", scheduledFile({ queryPeriod: "queryPeriod: 30m" }), "14:14: queryPeriod must be at least queryFrequency"],
  ["trigger", scheduledFile({ triggerOperator: "triggerOperator: '>'" }), "15:18: triggerOperator must be one of"],
  [
    "threshold",
    scheduledFile({ triggerThreshold: "triggerThreshold: -1" }),
    "16:19: triggerThreshold is a whole number",
  ],
  ["entities", scheduledFile({ entityMappings: "entityMappings: []" }), "17:17: entityMappings has 1 to 5 entries"],
  ["kind", scheduledFile({ kind: "kind: Fusion" }), "11:7: kind must be Scheduled"],
  ["syntax", withQuery("DeviceInfo\n| where DeviceId in ('a',)"), "10:28: Missing expression: a comma stands before"],
  ["stage", withQuery("DeviceInfo\n| DeviceName has 'x'"), "10:5: Query operator expected. A stage begins with"],
  [
    "operator",
    withQuery("DeviceInfo\n| summarise count() by DeviceId"),
    "10:5: Query operator expected. Did you mean summarize?",
  ],
  ["string", withQuery("DeviceInfo\n| where DeviceId == 'a"), "10:25: Missing: '"],
  [
    "table",
    withQuery("DeviceInf\n| take 1"),
    "9:3: The name 'DeviceInf' does not refer to any known table, tabular variable or function. Did you mean DeviceInfo?",
  ],
  [
    "column",
    withQuery("DeviceInfo\n| where DevceName == 'x'"),
    "10:11: The name 'DevceName' does not refer to any known column, table, variable or function. Did you mean DeviceName?",
  ],
  [
    "own-column",
    withQuery("DeviceInfo\n| summarize Latest = max(Timestamp) by DeviceId\n| where Lastest > ago(1d)"),
    "11:11: The name 'Lastest' does not refer to any known column, table, variable or function. Did you mean Latest?",
  ],
  [
    "dialect",
    withQuery("DeviceInfo\n| where _IsBillable == 'x'"),
    "10:11: The name '_IsBillable' does not refer to any known column, table, variable or function. Defender XDR lacks it",
  ],
  [
    "function",
    withQuery("DeviceInfo\n| where tolowr(DeviceName) == 'x'"),
    "10:11: The name 'tolowr' does not refer to any known function. Did you mean tolower?",
  ],
  ["arguments", withQuery("DeviceInfo\n| where tolower() == 'x'"), "10:11: The function 'tolower' expects 1 argument."],
  [
    "type",
    withQuery("DeviceInfo\n| where DeviceName = 'x'"),
    "10:11: The expression must have the type bool. A comparison is written ==.",
  ],
  [
    "watchlist",
    withQuery("DeviceInfo\n| where DeviceName in (_GetWatchlist('x'))"),
    "10:26: The name '_GetWatchlist' does not refer to any known function. It reads from outside",
  ],
  ["union", withQuery("union Device*\n| take 1"), "9:9: a union over Device*"],
  ["search", withQuery("search 'x'"), "9:3: search reads every table"],
  ["find", withQuery("find where DeviceId == 'x'"), "9:3: find reads tables by pattern"],
  [
    "externaldata",
    withQuery("DeviceInfo\n| join (externaldata(DeviceId: string)['https://example.invalid']) on DeviceId"),
    "10:11: externaldata fetches from outside",
  ],
  [
    "plugin",
    withQuery("DeviceInfo\n| evaluate // here\n  http_request('https://example.invalid')"),
    "11:5: the plug-in http_request fetches from outside",
  ],
  [
    "hidden-table",
    withQuery("DeviceInfo\n| union // here\n  table('DeviceEvents')"),
    "11:5: table(…) reaches past the planned window",
  ],
  ["command", withQuery(".drop table DeviceInfo"), "9:3: this is a management command"],
  ["two", withQuery("DeviceInfo;\nDeviceInfo"), "10:3: a second tabular statement"],
  ["other-table", withQuery("AppTraces"), "9:3: AppTraces is no Device table"],
  ["no-device", withQuery("DeviceInfo\n| summarize count() by OSPlatform"), "10:5: the result has no column DeviceId"],
  [
    "time-type",
    withQuery("DeviceInfo\n| summarize FirstSeen = count() by DeviceId"),
    "10:5: FirstSeen is a long in the result and has to be a datetime",
  ],
  [
    "deep-chain",
    withQuery(`DeviceInfo\n| where ${'DeviceId == "a" or '.repeat(3000)}true`),
    "9:3: Query syntax depth exceeds maximum safe limit. Semantic analysis not performed. Write long chains",
  ],
  [
    "nested",
    withQuery(`DeviceInfo\n| where ${"(".repeat(10_000)}1${")".repeat(10_000)} == 1`),
    "10:211: brackets are nested deeper than 200",
  ],
];

const GUID_END = "-5f0b-4b53-9a55-0d3a4f3c2b1a";

/** The same file with an id of its own; a file that has none stays. */
const distinct = (text: string | Buffer, index: number): string | Buffer =>
  typeof text === "string" ? text.replace(/^id: 6f0e8d3c/, `id: ${String(index).padStart(8, "0")}`) : text;

describe("detections validate", () => {
  it("says a seeded fault of each kind with its position, then the totals", async () => {
    for (const [index, [name, text]] of SEEDED.entries()) put(`${name}.yaml`, distinct(text, index));
    put("sound.yaml", huntingFile({ id: `id: ffffffff${GUID_END}` }));
    const { out, code } = await validate(folder);
    const said = local(out.slice(0, -1));
    expect(
      SEEDED.flatMap(([name, , expected]) => {
        const lines = said.filter((line) => line.startsWith(`${name}.yaml:`));
        return lines.length === 1 && lines[0]?.startsWith(`${name}.yaml:${expected}`) ? [] : [{ name, lines }];
      }),
    ).toEqual([]);
    expect(said.filter((line) => line.startsWith("sound"))).toEqual([]);
    expect(out.at(-1)).toBe(`${SEEDED.length + 1} detections: ${SEEDED.length} problems`);
    expect(code).toBe(1);
  });

  it("an id or a name that two files have, but for a local file that takes the place of a shipped one", async () => {
    put("detections/a.yaml", huntingFile());
    put("local/detections/b.yaml", huntingFile());
    put("detections/c.yaml", huntingFile());
    put("local/detections/d.yaml", huntingFile({ id: "id: 00000000-5f0b-4b53-9a55-0d3a4f3c2b1a" }));
    put("detections/d.yaml", huntingFile({ id: "id: 00000001-5f0b-4b53-9a55-0d3a4f3c2b1a" }));
    const { out, code } = await validate(folder);
    expect(local(out)).toEqual([
      "detections/c.yaml:1:5: id 6f0e8d3c-5f0b-4b53-9a55-0d3a4f3c2b1a is that of detections/a.yaml; make a new GUID",
      "local/detections/d.yaml:1:1: detections/d.yaml has this name too; rename one of them",
      "5 detections: 2 problems",
    ]);
    expect(code).toBe(1);
  });

  it("what is shipped is valid, and warnings are no findings", async () => {
    expect(await validate()).toMatchObject({
      out: ["125 tools of the catalogue, 0 detections: valid"],
      code: 0,
    });
    const file = put("warned.yaml", withQuery("DeviceInfo\n| summarize Count = count() by DeviceId"));
    const { out, code } = await validate(file);
    expect(local(out)).toEqual([
      expect.stringMatching(/^warned\.yaml:9:3: warning: the result has no time/),
      "1 detection: valid, 1 warning",
    ]);
    expect(code).toBe(0);
  });

  it("of thousands of problems in one query the first are said, and how many more there are", async () => {
    const names = Array.from({ length: 3000 }, (_, i) => `Nope${i}`).join(", ");
    const { out } = await validate(put("many.yaml", withQuery(`DeviceInfo\n| project ${names}`)));
    expect(local(out.slice(-3))).toEqual([
      expect.stringMatching(/^many\.yaml:10:\d+: The name 'Nope49' does not refer/),
      expect.stringMatching(/^many\.yaml:10:\d+: from here on 2950 more; fix those before first$/),
      "1 detection: 51 problems",
    ]);
  });

  it("for machines: one object", async () => {
    const file = put("wrong.yaml", withQuery("DeviceInfo\n| where X"));
    const { out, code } = await validate(file, "--json");
    expect(JSON.parse(out.join("\n"))).toEqual({
      files: 1,
      problems: [{ file, line: 10, column: 11, message: expect.stringMatching(/^The name 'X'/) }],
      warnings: [],
    });
    expect(code).toBe(1);
  });

  it("a path that is not there, and an unknown option, are usage", async () => {
    expect(await validate(join(folder, "nowhere"))).toMatchObject({
      code: 2,
      errors: [expect.stringContaining("nowhere: there is no such file or folder")],
    });
    expect((await validate("--jsno")).code).toBe(2);
  });

  it("as a program of its own: problems on stdout, exit 1; usage on stderr, exit 2", async () => {
    const file = put("wrong.yaml", withQuery("DeviceInfo\n| where X"));
    const wrong = await program("detections", "validate", file);
    expect([wrong.code, wrong.out.split("\n")[0], wrong.err]).toEqual([
      1,
      expect.stringContaining("wrong.yaml:10:11: The name 'X'"),
      "",
    ]);
    expect(await program("kql", "explain", join(folder, "nowhere.kql"))).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("nowhere.kql: there is no such file"),
    });
  });

  it("nothing of a hostile file reaches the terminal as a control", async () => {
    const file = put("hostile.yaml", huntingFile({ severity: '"severit\\u001by": x' }));
    const { out } = await validate(file);
    expect(out.join("")).toContain("unknown key");
    expect(out.join("").includes("\u001b")).toBe(false);
  });
});

describe("a query of operations", () => {
  const rows = operationsQuery([{ name: "Failures", types: ["long"], required: "which the alert compares" }]);

  it.each([
    ["the service's telemetry", "AppTraces | summarize Failures = count() by bin(TimeGenerated, 5m)", []],
    ["a chart", "AppExceptions | summarize Failures = count() by bin(TimeGenerated, 1h) | render timechart", []],
    [
      "a Device table",
      "DeviceInfo | count",
      [
        "1:1: DeviceInfo is no table of the service's telemetry; an alert or a workbook may read AppTraces, AppExceptions",
      ],
    ],
    [
      "a misspelt table",
      "AppTrace | count",
      [
        "1:1: The name 'AppTrace' does not refer to any known table, tabular variable or function. Did you mean AppTraces?",
      ],
    ],
    ["every table", "union App*", ["1:7: a union over App*; name each table"]],
    [
      "another workspace",
      "workspace('a').AppTraces",
      ["1:1: workspace(…) reaches outside of the workspace; name each table"],
    ],
    [
      "the wrong type",
      "AppTraces | summarize Failures = max(TimeGenerated)",
      ["1:13: Failures is a datetime in the result and has to be a long; take it as it is in the table"],
    ],
    [
      "no such column",
      "AppTraces | summarize failures = count()",
      ["1:13: the result has failures and no column Failures; names of columns are case-sensitive"],
    ],
  ])("%s", (_, query, expected) => {
    expect(problems(query, rows)).toEqual(expected);
  });
});

describe("kql explain", () => {
  it("a query on its own, for people", async () => {
    const file = put(
      "q.kql",
      "DeviceInfo\n| where TimeGenerated > ago(36h)\n| project DeviceId, Seen = TimeGenerated\n",
    );
    const { out, code } = await explain(file);
    const prelude =
      'let DeviceInfo = table("DeviceInfo") | extend Timestamp = column_ifexists("Timestamp", column_ifexists("TimeGenerated", datetime(null))), TimeGenerated = column_ifexists("TimeGenerated", column_ifexists("Timestamp", datetime(null)));';
    const text = [
      prelude,
      "DeviceInfo",
      "| where TimeGenerated > ago(36h)",
      "| project DeviceId, Seen = TimeGenerated",
    ];
    expect(out).toEqual([
      "Reads",
      "  DeviceInfo",
      "Answers",
      "  DeviceId  string",
      "  Seen      datetime",
      "Looks back 36h by itself",
      "",
      expect.stringMatching(/^\/\/ In Log Analytics/),
      ...text,
      "",
      expect.stringMatching(/^\/\/ In Defender XDR/),
      ...text,
    ]);
    expect(code).toBe(0);
  });

  it("a detection, for machines: what is sent, and what a hunter pastes", async () => {
    const { out, code } = await explain("test/fixtures/rmm-level-file-signature.yaml", "--json");
    const { text, ...rest } = JSON.parse(out.join(""));
    expect(rest).toEqual({
      file: "test/fixtures/rmm-level-file-signature.yaml",
      tables: ["DeviceFileCertificateInfo"],
      columns: [
        { name: "DeviceId", type: "string" },
        { name: "DeviceName", type: "string" },
        { name: "FirstSeen", type: "datetime" },
        { name: "LastSeen", type: "datetime" },
        { name: "Report", type: "dynamic" },
        { name: "Count", type: "long" },
      ],
      warnings: [],
    });
    expect(text["log-analytics"]).toMatch(/^let DeviceFileCertificateInfo = .* between \(datetime\(2026-01-26/);
    expect(text["defender-xdr"]).toMatch(/^let Time_start = now\(-5d\);\n/);
    expect(code).toBe(0);
  });

  it("a wrong query is a finding, another kind of file usage", async () => {
    const file = put("q.kql", "DeviceInfo\n| where Nope");
    expect(await explain(file)).toMatchObject({
      code: 1,
      errors: [expect.stringContaining("q.kql:2:9: The name 'Nope'")],
    });
    expect((await explain(put("q.txt", "DeviceInfo"))).code).toBe(2);
    expect((await explain(join(folder, "none.kql"))).code).toBe(2);
  });
});
