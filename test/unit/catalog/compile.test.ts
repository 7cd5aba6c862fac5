import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { packProblems } from "../../../shared/catalog/check-pack.ts";
import { compileAll } from "../../../shared/catalog/compile-all.ts";
import { compileDetection } from "../../../shared/catalog/compile.ts";
import { loadDetectionFile } from "../../../shared/catalog/detection-file.ts";
import { catalogDetections } from "../../../shared/catalog/detection-paths.ts";
import type { FileProblem } from "../../../shared/catalog/file-problem.ts";
import { problemLine } from "../../../shared/catalog/file-problem.ts";
import type { Pack, QueryWindow } from "../../../shared/core/pack.ts";
import { bindQuery } from "../../../shared/core/pack.ts";
import type { Slice } from "../../../shared/core/slice.ts";
import { analyse, resultColumns } from "../../../shared/kql/language.ts";
import type { Dialect } from "../../../shared/kql/schema.ts";
import { DIALECTS } from "../../../shared/kql/schema.ts";
import type { TableRecord } from "../../../shared/kql/table-data.ts";
import { deviceTable, rowsOf } from "../kql/kql-run.ts";

const LEVEL = "test/fixtures/rmm-level-file-signature.yaml";
const ID = "6f0e8d3c-5f0b-4b53-9a55-0d3a4f3c2b1a";

const WINDOW: QueryWindow = {
  from: new Date("2026-02-24T12:00:00Z"),
  to: new Date("2026-03-01T12:00:00Z"),
  since: new Date("2026-03-01T05:45:00Z"),
  horizon: new Date("2026-01-30T12:00:00Z"),
};

const HOUR = 3_600_000;

const SLICES: readonly Slice[] = [
  "all",
  { prefix: "a" },
  { prefix: "", other: true },
  { prefix: "a3" },
  { prefix: "a", other: true },
];

/** A detection file around a query, whose first line is line 5 and begins in column 3. */
const fileOf = (query: string, id = ID): string =>
  `id: ${id}\nname: n\ndescription: d\nquery: |\n${query.replaceAll(/^(?=.)/gm, "  ")}\n`;

function outcomeOf(text: string): { readonly pack?: Pack; readonly said: readonly string[] } {
  const loaded = loadDetectionFile(text, "f.yaml");
  if ("problems" in loaded) return { said: loaded.problems.map(problemLine) };
  const compiled = compileDetection(loaded.detection);
  return "pack" in compiled
    ? { pack: compiled.pack, said: compiled.warnings.map(problemLine) }
    : { said: compiled.problems.map(problemLine) };
}

function packOf(query: string): Pack {
  const { pack, said } = outcomeOf(fileOf(query));
  if (pack === undefined) throw new Error(said.join("\n"));
  return pack;
}

const level = (): string => readFileSync(LEVEL, "utf8");

const textOf = (pack: Pack, window = WINDOW, slice: Slice = "all"): string => bindQuery(pack.query, window, slice);

const COLUMNS = "DeviceId:string DeviceName:string FirstSeen:datetime LastSeen:datetime Report:string Count:long";

/** Errors and result of a pack's query over those slices in both dialects, each thing once. */
function outcomes(pack: Pack, slices: readonly Slice[] = ["all", { prefix: "a", other: true }]): string[] {
  const found = DIALECTS.flatMap((dialect) =>
    slices.map((slice) => {
      const analysis = analyse(textOf(pack, WINDOW, slice), dialect);
      const errors = analysis.problems.filter(({ severity }) => severity === "error").map(({ message }) => message);
      return [
        ...errors,
        resultColumns(analysis)
          .map(({ name, type }) => `${name}:${type}`)
          .join(" "),
      ].join("; ");
    }),
  );
  return [...new Set(found)];
}

/** Rows of a pack's query over records of DeviceFileCertificateInfo. */
const certificates = (
  pack: Pack,
  records: readonly TableRecord[],
  dialect: Dialect = "log-analytics",
  window = WINDOW,
  slice: Slice = "all",
): string[] =>
  rowsOf(textOf(pack, window, slice), {
    dialect,
    tables: { DeviceFileCertificateInfo: deviceTable("DeviceFileCertificateInfo", records, dialect) },
  });

describe("the shipped detections", () => {
  const files = catalogDetections("shipped").files.map((file) => ({
    file,
    text: readFileSync(file, "utf8"),
  }));

  it("are valid in both dialects over each kind of slice, with the columns of a pack", () => {
    const compiled = compileAll({ shipped: files, local: [] });
    if ("problems" in compiled) throw new Error(compiled.problems.map(problemLine).join("\n"));
    expect(compiled.packs.length).toBe(files.length);
    expect(compiled.warnings).toEqual([]);
    expect(compiled.packs.map((pack) => [pack.name, outcomes(pack, SLICES)])).toEqual(
      compiled.packs.map(({ name }) => [name, [COLUMNS]]),
    );
  });

  it("Level is the query that the project began with, its own window set by the plan", () => {
    const { pack } = outcomeOf(level());
    expect(pack?.detections[0]).toMatchObject({
      id: "3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc",
      name: "Remote Management and Monitoring tool - Level - File Signature",
      severity: "medium",
      tactics: ["CommandAndControl"],
      techniques: ["T1219"],
    });
    expect(pack?.tables).toEqual(["DeviceFileCertificateInfo"]);
    expect(pack?.ownWindow).toBeUndefined();
    expect(pack && textOf(pack).split("\n")).toEqual([
      'let DeviceFileCertificateInfo = table("DeviceFileCertificateInfo") | extend Timestamp = column_ifexists("Timestamp", column_ifexists("TimeGenerated", datetime(null))) | where (Timestamp between (datetime(2026-02-24T12:00:00.000Z) .. datetime(2026-03-01T12:00:00.000Z)) or (ingestion_time() > datetime(2026-03-01T05:45:00.000Z) and Timestamp > datetime(2026-01-30T12:00:00.000Z))) and (isnull(ingestion_time()) or ingestion_time() <= datetime(9999-12-31T00:00:00.000Z));',
      "let Time_start = datetime(2026-01-30T12:00:00.000Z);",
      "let Time_end = datetime(2026-03-01T12:00:00.000Z);",
      "//",
      "DeviceFileCertificateInfo",
      "| where Timestamp between (Time_start..Time_end)",
      "| where Signer has 'Level Software, Inc'",
      "| summarize FirstSeen=min(Timestamp), LastSeen=max(Timestamp),",
      "Report=make_set(ReportId), Count=count() by DeviceId, DeviceName",
      "| project DeviceId = tolower(tostring(DeviceId)), DeviceName = tostring(DeviceName), FirstSeen = FirstSeen, LastSeen = LastSeen, Report = tostring(Report), Count = tolong(Count)",
    ]);
  });
});

describe("a compiled query, executed", () => {
  const pack = (): Pack => outcomeOf(level()).pack ?? packOf("");
  const row = (time: string, ingested: string, more: TableRecord = {}): TableRecord => ({
    DeviceId: "AB01",
    DeviceName: "pc",
    Signer: "Level Software, Inc.",
    ReportId: 1n,
    TimeGenerated: time,
    $ingested: ingested,
    ...more,
  });

  it.each([
    ["in the window", "2026-02-28T00:00:00Z", "2026-02-28T00:05:00Z", 1],
    ["before the window, read already", "2026-02-20T00:00:00Z", "2026-02-20T00:05:00Z", 0],
    ["before the window, ingested since", "2026-02-20T00:00:00Z", "2026-03-01T11:00:00Z", 1],
    ["before the horizon, ingested since", "2026-01-20T00:00:00Z", "2026-03-01T11:00:00Z", 0],
  ])("a row %s", (_, time, ingested, rows) => {
    expect(certificates(pack(), [row(time, ingested)])).toHaveLength(rows);
  });

  it("nothing that was ingested after `until` counts", () => {
    const records = [
      row("2026-02-28T00:00:00Z", "2026-02-28T00:05:00Z"),
      row("2026-02-28T00:00:00Z", "2026-02-28T09:00:00Z", { DeviceId: "cd02" }),
    ];
    const window = { ...WINDOW, until: new Date("2026-02-28T06:00:00Z") };
    expect(certificates(pack(), records, "log-analytics", window).map((text) => text.slice(0, 4))).toEqual(["ab01"]);
    expect(certificates(pack(), records)).toHaveLength(2);
  });

  it("device ids in lower case, report ids beyond 2^53 with every digit, in both dialects", () => {
    const record = (time: string): TableRecord =>
      row("2026-02-28T00:00:00Z", "2026-02-28T00:05:00Z", {
        [time]: "2026-02-28T00:00:00Z",
        ReportId: 9007199254740993n,
      });
    const { TimeGenerated: _, ...xdr } = record("Timestamp");
    const expected = ["ab01|pc|2026-02-28T00:00:00.0000000Z|2026-02-28T00:00:00.0000000Z|[9007199254740993]|1"];
    expect(certificates(pack(), [record("TimeGenerated")])).toEqual(expected);
    expect(certificates(pack(), [xdr], "defender-xdr")).toEqual(expected);
  });

  it("slices are the whole, each row once", () => {
    const records = ["a3", "A4", "b1", "", "zz"].map((DeviceId) =>
      row("2026-02-28T00:00:00Z", "2026-02-28T00:05:00Z", { DeviceId }),
    );
    const slices: readonly Slice[] = [{ prefix: "a" }, { prefix: "b" }, { prefix: "", other: true }];
    const parts = slices.map((slice) => certificates(pack(), records, "log-analytics", WINDOW, slice).length);
    expect(parts).toEqual([2, 1, 2]);
  });
});

describe("however a query ends, what follows it is not swallowed", () => {
  it.each([
    ["a semicolon", "DeviceInfo | project DeviceId, Timestamp;"],
    ["a semicolon and a comment", "DeviceInfo | project DeviceId, Timestamp; // end"],
    ["a comment", "DeviceInfo | project DeviceId, Timestamp // | take 1"],
    ["a comment on a line of its own", "DeviceInfo | project DeviceId, Timestamp\n// | take 1;"],
    ["a comment before the semicolon", "DeviceInfo | project DeviceId, Timestamp // a\n; // b"],
    ["a string that looks like a comment", 'DeviceInfo | project DeviceId, Timestamp | where DeviceId != "//;"'],
    ["a string over several lines", "DeviceInfo | project DeviceId, Timestamp | where DeviceId != ```a\n;//b```"],
    ["a union", "union DeviceInfo, (DeviceEvents | take 1)"],
    ["a name for the result", "DeviceInfo | project DeviceId, Timestamp | as T"],
  ])("%s", (_, query) => {
    expect(outcomes(packOf(query))).toEqual([COLUMNS]);
  });

  it("CRLF or LF: the same pack", () => {
    expect(outcomeOf(level().replaceAll("\n", "\r\n")).pack).toEqual(outcomeOf(level()).pack);
  });
});

describe("the columns of a pack are made from what the result has", () => {
  const projected = (query: string): string => textOf(packOf(query)).split("\n").at(-1) ?? "";

  it.each([
    [
      "rows as they are in the table",
      "DeviceInfo",
      "FirstSeen = Timestamp, LastSeen = Timestamp, Report = tostring(pack_array(tostring(ReportId))), Count = long(1)",
    ],
    [
      "TimeGenerated, which one dialect lacks",
      "DeviceInfo | where TimeGenerated > datetime(2026-01-01) | project DeviceId, TimeGenerated",
      'FirstSeen = TimeGenerated, LastSeen = TimeGenerated, Report = "[]", Count = long(1)',
    ],
    [
      "FirstSeen alone, of another type",
      'DeviceInfo | project DeviceId, FirstSeen = tostring(Timestamp), Report = "[1]", Count = 2',
      'FirstSeen = todatetime(FirstSeen), LastSeen = todatetime(FirstSeen), Report = iff(Report startswith "[", Report, tostring(pack_array(Report))), Count = tolong(Count)',
    ],
  ])("%s", (_, query, expected) => {
    expect(projected(query)).toContain(expected);
    expect(outcomes(packOf(query))).toEqual([COLUMNS]);
  });

  it("without a DeviceName it is empty", () => {
    expect(projected("DeviceInfo | project DeviceId, Timestamp")).toContain('DeviceName = ""');
  });

  it("without a time the end of the window stands for it, and the build says so", () => {
    const { pack, said } = outcomeOf(fileOf("DeviceInfo | summarize Count = count() by DeviceId"));
    expect(pack && textOf(pack)).toContain(
      "FirstSeen = datetime(2026-03-01T12:00:00.000Z), LastSeen = datetime(2026-03-01T12:00:00.000Z)",
    );
    expect(said).toEqual([expect.stringMatching(/^f\.yaml:5:3: the result has no time \(FirstSeen/)]);
  });
});

it("a column that is mapped and not there is a warning with its place", () => {
  const mapping = (column: string): string =>
    `{entityType: Host, fieldMappings: [{identifier: FullName, columnName: ${column}}]}`;
  const { pack, said } = outcomeOf(
    `${fileOf("DeviceInfo | project DeviceId, DeviceName, Timestamp")}entityMappings:\n  - ${mapping("DeviceName")}\n  - ${mapping("DeviceNme")}\ncustomDetails:\n  Where: OSPlatform\n`,
  );
  expect(pack).toBeDefined();
  expect(said).toEqual([
    "f.yaml:8:75: entityMappings names the column DeviceNme, which the result lacks: Sentinel refuses the rule; did you mean DeviceName?",
    "f.yaml:10:10: customDetails names the column OSPlatform, which the result lacks: Sentinel refuses the rule; it has DeviceId, DeviceName, Timestamp",
  ]);
});

describe("a window of the file's own", () => {
  it.each([
    ["none", "DeviceInfo", undefined],
    ["ago", "DeviceInfo | where Timestamp > ago(36h)", 36 * HOUR],
    ["now with an offset", "DeviceInfo | where Timestamp > now(-90m)", 1.5 * HOUR],
    ["now less a time", "DeviceInfo | where Timestamp > now() - 2d", 48 * HOUR],
    ["by a part of the calendar", "DeviceInfo | where Timestamp > datetime_add('hour', -7, now())", 7 * HOUR],
    ["a month is its shortest", "DeviceInfo | where Timestamp > datetime_add('month', -1, now())", 28 * 24 * HOUR],
    ["computed", "DeviceInfo | where Timestamp > ago(2 * 1d + 30m * 2)", 49 * HOUR],
    ["computed from names", "let n = 3;\nlet reach = n * 1h;\nDeviceInfo | where Timestamp > ago(reach)", 3 * HOUR],
    ["whole numbers divide to whole ones", "DeviceInfo | where Timestamp > ago(7 / 2 * 1h)", 3 * HOUR],
    ["from a text", "DeviceInfo | where Timestamp > ago(totimespan('5h'))", 5 * HOUR],
    ["now by name", "let t = now();\nDeviceInfo | where Timestamp > t - 4h", 4 * HOUR],
    ["an age is none", "DeviceInfo | where now() - Timestamp < 1h", undefined],
    ["after a comment", "DeviceInfo | where Timestamp > // when\nago( // how far\n 3h)", 3 * HOUR],
    [
      "a parameter is no let of its name",
      "let d = 1h;\nlet f = (d: timespan) { DeviceInfo | where Timestamp > ago(d) };\nf(5d)",
      undefined,
    ],
    ["by name", "let reach = 2h;\nDeviceInfo | where Timestamp > ago(reach)", 2 * HOUR],
    [
      "the shortest of several",
      "DeviceInfo | where Timestamp > ago(5d) | join kind=inner (DeviceEvents | where Timestamp > ago(1d)) on DeviceId",
      24 * HOUR,
    ],
    [
      "inside a function",
      "let f = (d: string) { DeviceInfo | where DeviceId == d and Timestamp > ago(3h) };\nf('x')",
      3 * HOUR,
    ],
    [
      "an end is none",
      "DeviceInfo | where Timestamp between (ago(14d) .. ago(1d)) and Timestamp < ago(1h)",
      14 * 24 * HOUR,
    ],
    ["in a comment or a string", "DeviceInfo // ago(1h)\n| where DeviceName != 'ago(2h)'", undefined],
    ["that the plan sets", "let Time_start = ago(1h);\nDeviceInfo | where Timestamp > Time_start", undefined],
    [
      "beside the one that the plan sets",
      "let Time_start = ago(1h);\nDeviceInfo | where Timestamp > Time_start and Timestamp > ago(4h)",
      4 * HOUR,
    ],
    ["a length of that name stays", "let Time_start = 5h;\nDeviceInfo | where Timestamp > ago(Time_start)", 5 * HOUR],
    [
      "the same name inside a function stays",
      "let f = () { let Time_start = ago(6h); DeviceInfo | where Timestamp > Time_start };\nf()",
      6 * HOUR,
    ],
  ])("%s", (_, query, expected) => {
    expect(packOf(query).ownWindow).toBe(expected);
  });

  it("that only a run can tell is a warning", () => {
    const { pack, said } = outcomeOf(fileOf("let f = (d: timespan) { DeviceInfo | where Timestamp > ago(d) };\nf(5d)"));
    expect(pack?.ownWindow).toBeUndefined();
    expect(said).toEqual([expect.stringMatching(/^f\.yaml:5:58: how far back this looks is known only when/)]);
  });

  it("Time_start and Time_end are set by the plan, whatever stands around them", () => {
    const text = textOf(
      packOf(
        "let Time_start=now(-5d) ;// let Time_start = 1\nlet Time_end = // end\n  now();\nDeviceInfo | where DeviceName != 'let Time_end = now();' and Timestamp between (Time_start .. Time_end)",
      ),
    );
    expect(text.split("\n").slice(1, 4)).toEqual([
      "let Time_start=datetime(2026-01-30T12:00:00.000Z) ;// let Time_start = 1",
      "let Time_end = // end",
      "  datetime(2026-03-01T12:00:00.000Z);",
    ]);
    expect(text).toContain("'let Time_end = now();'");
  });
});

describe("what is wrong with a query is named with its place in the file", () => {
  const BY_NAME = "name each Device table, so that the planned window reaches it";

  it.each([
    ["a command", ".show tables", "5:3: this is a management command"],
    ["only a comment", "// nothing", "5:3: there is no query"],
    ["only let statements", "let x = 1;\nlet y = 2;", "5:3: there is no query"],
    ["two queries", "DeviceInfo;\nDeviceEvents", "6:3: a second tabular statement"],
    ["a setting", "set notruncation;\nDeviceInfo", "5:3: only let statements may stand before the query"],
    ["a union over a pattern", "DeviceInfo\n| union (union Device*)", `6:18: a union over Device*; ${BY_NAME}`],
    ["search", "DeviceInfo | search 'x'", `5:16: search reads every table; ${BY_NAME}`],
    ["find", "find where DeviceId == 'x'", `5:3: find reads tables by pattern; ${BY_NAME}`],
    [
      "externaldata",
      "externaldata(DeviceId: string)['https://example.invalid/x']",
      "5:3: externaldata fetches from outside",
    ],
    ["table()", "table('DeviceInfo')", "5:3: table(…) reaches past the planned window"],
    [
      "table() in brackets",
      "DeviceInfo | union ['table']('DeviceEvents')",
      "5:22: table(…) reaches past the planned window",
    ],
    ["another workspace", "workspace('a').DeviceInfo", "5:3: workspace(…) reaches past the planned window"],
    ["render", "DeviceInfo | render table", "5:16: render draws a chart"],
    ["several results", "DeviceInfo | fork (take 1) (take 2)", "5:16: fork gives several results"],
    ["a table of another kind", "DeviceInfo\n| union AppTraces", "6:11: AppTraces is no Device table"],
    [
      "a table that a fuzzy union would leave out",
      "union isfuzzy=true DeviceInfo, SecurityEvent",
      "5:34: The fuzzy name 'SecurityEvent'",
    ],
    ["no table", "print DeviceId = 'x'", "5:3: it reads no Device table"],
    [
      "a misspelt table",
      "DeviceFileEvnts | project DeviceId",
      "5:3: The name 'DeviceFileEvnts' does not refer to any known table, tabular variable or function. Did you mean DeviceFileEvents?",
    ],
    [
      "a misspelt column",
      "DeviceInfo\n\n| where DeviceNme == 'x'",
      "7:11: The name 'DeviceNme' does not refer to any known column, table, variable or function. Did you mean DeviceName?",
    ],
    [
      "a column that is gone",
      "DeviceInfo | project DeviceId | where Timestamp > ago(1d)",
      "5:41: The name 'Timestamp' does not refer to any known column, table, variable or function. An earlier operator has dropped the column: keep it there.",
    ],
    [
      "a column of one dialect",
      "DeviceInfo | where _BilledSize > 0",
      "5:22: The name '_BilledSize' does not refer to any known column, table, variable or function. Defender XDR lacks it",
    ],
    ["a type", "DeviceInfo | where Timestamp has 5", "5:32: The operator 'has' is not defined"],
    ["syntax", "DeviceInfo\n| where DeviceId ==", "6:22: Missing expression"],
    ["no DeviceId", "DeviceInfo | project Timestamp", "5:16: the result has no column DeviceId"],
    [
      "DeviceId in other letters",
      "DeviceInfo | project deviceid = DeviceId",
      "5:16: the result has deviceid and no column DeviceId",
    ],
    [
      "a DeviceId that is none",
      "DeviceInfo | summarize DeviceId = make_set(DeviceId) by OSPlatform",
      "5:16: DeviceId is a dynamic in the result",
    ],
    [
      "10,000 brackets",
      `DeviceInfo | where ${"(".repeat(10_000)}1${")".repeat(10_000)} == 1`,
      "5:222: brackets are nested deeper than 200",
    ],
  ])("%s", (_, query, expected) => {
    const { pack, said } = outcomeOf(fileOf(query));
    expect(pack).toBeUndefined();
    expect(said[0]?.slice(0, `f.yaml:${expected}`.length)).toBe(`f.yaml:${expected}`);
  });

  it("brackets in strings and comments are none", () => {
    const brackets = "(".repeat(300);
    expect(
      outcomes(
        packOf(`DeviceInfo // ${brackets}\n| where DeviceName !in ("${brackets}", @'${brackets}', '\\'${brackets}')`),
      ),
    ).toEqual([COLUMNS]);
  });

  it("the same place with CRLF", () => {
    const text = fileOf("DeviceInfo\n| where DeviceNme == 'x'");
    expect(outcomeOf(text.replaceAll("\n", "\r\n")).said).toEqual(outcomeOf(text).said);
  });
});

describe("a whole query that the service would refuse, or whose columns are not those of a pack", () => {
  it.each([
    ["an error", ["DeviceInfo | project DeviceNme", { slice: true }], /^The name 'DeviceNme'/],
    ["an error that a slice brings", ["DeviceInfo | project x = 1", { slice: true }], /DeviceId/],
    [
      "another column",
      ["DeviceInfo | project DeviceId", { slice: true }],
      /^it answers DeviceId: string and not DeviceId: string, DeviceName/,
    ],
  ] as const)("%s", (_, query, expected) => {
    expect(packProblems(query)[0]).toMatch(expected);
  });
});

describe("hashes", () => {
  const hashesOf = (query: string): readonly string[] => {
    const { hash, detections } = packOf(query);
    return [hash, ...detections.map((detection) => detection.hash)];
  };

  it("are the same each time, and 64 hex digits", () => {
    expect(hashesOf("DeviceInfo")).toEqual(hashesOf("DeviceInfo"));
    for (const hash of hashesOf("DeviceInfo")) expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("follow the query, and neither the name nor the severity", () => {
    const [pack, detection] = hashesOf("DeviceInfo | where OSPlatform == 'a'");
    const [otherPack, otherDetection] = hashesOf("DeviceInfo | where OSPlatform == 'b'");
    expect([pack === otherPack, detection === otherDetection]).toEqual([false, false]);
    const renamed = outcomeOf(fileOf("DeviceInfo").replace("name: n", "name: m\nseverity: High")).pack;
    expect([renamed?.hash, renamed?.detections[0]?.hash]).toEqual(hashesOf("DeviceInfo"));
  });
});

describe("all files together", () => {
  const other = "0b8f3c52-6f0b-4f39-8a6f-0f6d1c1f7a11";
  const source = (file: string, id = ID): { file: string; text: string } => ({ file, text: fileOf("DeviceInfo", id) });
  const named = (result: ReturnType<typeof compileAll>): readonly string[] =>
    "packs" in result
      ? result.packs.map(({ name }) => name)
      : result.problems.map((problem: FileProblem) => problemLine(problem));

  it("a customer's own file takes the place of the shipped one of the same id", () => {
    expect(
      named(compileAll({ shipped: [source("a/x.yaml"), source("a/y.yaml", other)], local: [source("b/mine.yaml")] })),
    ).toEqual(["yaml-y", "yaml-mine"]);
  });

  it("an id twice in one folder is refused, and so is a name twice", () => {
    expect(named(compileAll({ shipped: [source("a/x.yaml"), source("a/y.yaml")], local: [] }))).toEqual([
      `a/y.yaml:1:5: id ${ID} is that of a/x.yaml; make a new GUID`,
    ]);
    expect(named(compileAll({ shipped: [source("a/x.yaml")], local: [source("b/x.yaml", other)] }))).toEqual([
      "b/x.yaml:1:1: another file has this name; rename one of them",
    ]);
  });

  it("every problem of every file is said at once", () => {
    const broken = (file: string): { file: string; text: string } => ({ file, text: fileOf("DeviceNope", other) });
    expect(
      named(
        compileAll({ shipped: [{ file: "a/x.yaml", text: "id: 1" }, broken("a/y.yaml")], local: [broken("b/z.yaml")] }),
      ).map((line) => line.slice(0, 8)),
    ).toEqual(expect.arrayContaining(["a/x.yaml", "b/z.yaml"]));
  });
});
