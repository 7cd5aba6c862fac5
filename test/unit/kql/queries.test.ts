import { describe, expect, it } from "vitest";
import { KqlSemanticError, UnsupportedKqlError } from "../../../shared/kql/kql-error.ts";
import { execute } from "../../../shared/kql/interpret.ts";
import { analyse, resultColumns } from "../../../shared/kql/language.ts";
import { positionOf } from "../../../shared/kql/position.ts";
import { DEVICE_TABLES, DIALECTS, SCHEMAS } from "../../../shared/kql/schema.ts";
import { tableOf } from "../../../shared/kql/table-data.ts";
import { columnsOf, deviceTable, NOW, rowsOf } from "./kql-run.ts";

const T = `let T = datatable(k: string, n: long, d: dynamic)[
  "a", 1, dynamic(["x", "y"]),
  "b", 2, dynamic(null),
  "a", 3, dynamic([]),
  "c", long(null), dynamic({"p": 1, "q": 2})];
`;
const U = `${T}let U = datatable(k: string, n: long, m: string)["a", 1, "one", "a", 9, "nine", "d", 4, "four"];
`;

/** What is shown, query, rows. Sources: pages of the operators in the Kusto documentation. */
const CASES: readonly (readonly [string, string, readonly string[]])[] = [
  ["where lets through true, not null", "T | where n > 1 | project k", ["b", "a"]],
  ["extend reads the input, not its own new columns", "T | extend n = 10, m = n | take 1 | project n, m", ["10|1"]],
  ["extend names what has no name", "T | take 1 | extend toupper(k), n + 1 | project Column1, Column2", ["A|2"]],
  [
    "a computed column may be read many times",
    "T | extend x = n * 2 | extend y = x + x | where y > 4 | project y",
    ["8", "12"],
  ],
  ["project-away, -keep with a wildcard", "T | project-away d | project-keep n* | take 1", ["1"]],
  ["project-rename keeps places", "T | project-rename z = k | project-away d | take 1", ["a|1"]],
  ["project-reorder", "T | project k, n | project-reorder n, * | take 1", ["1|a"]],
  ["count", "T | count", ["4"]],
  ["distinct", "T | distinct k", ["a", "b", "c"]],
  ["distinct over two columns", "T | project k, l = k | distinct *", ["a|a", "b|b", "c|c"]],
  ["take none", "T | take 0", []],
  ["sort: descending by default, nulls last", "T | sort by n | project n", ["3", "2", "1", "null"]],
  ["sort: ascending, nulls first", "T | sort by n asc | project n", ["null", "1", "2", "3"]],
  ["sort: nulls where the query says", "T | sort by n desc nulls first | project n", ["null", "3", "2", "1"]],
  ["sort: several keys, stable", "T | sort by k asc, n desc | project k, n", ["a|3", "a|1", "b|2", "c|null"]],
  ["top", "T | top 2 by n | project n", ["3", "2"]],
  ["summarize by", "T | summarize c = count(), s = sum(n) by k", ["a|2|4", "b|1|2", "c|1|0"]],
  ["summarize by an expression", "T | summarize count() by bin(n, 2)", ["0|1", "2|2", "null|1"]],
  [
    "summarize without by over nothing is one row",
    "T | where n > 9 | summarize c = count(), m = max(n), s = make_set(k), t = max(k)",
    ["0|null|[]|"],
  ],
  ["summarize by over nothing is no row", "T | where n > 9 | summarize count() by k", []],
  ["summarize without aggregates is distinct", "T | summarize by k", ["a", "b", "c"]],
  ["min and max skip nulls", "T | summarize min(n), max(n)", ["1|3"]],
  ["countif, dcount, avg", "T | summarize countif(n > 1), dcount(k), avg(n)", ["2|3|2.0"]],
  [
    "make_set: first come, distinct, capped",
    "T | summarize make_set(k), make_set(k, 2), make_list(n)",
    ['["a","b","c"]|["a","b"]|[1,2,3]'],
  ],
  ["arg_max takes the row", "T | summarize arg_max(n, k)", ["3|a"]],
  [
    "arg_max with a star",
    "T | project-away d | summarize arg_max(n, *) by k | sort by k asc",
    ["a|3", "b|2", "c|null"],
  ],
  ["arg_min renamed", "T | summarize x = arg_min(n, k)", ["1|a"]],
  ["take_any", "T | where k == 'b' | summarize take_any(n)", ["2"]],
  [
    "an expression over aggregates",
    "T | summarize x = countif(n > 1) > 1, y = tostring(make_set(k, 2)), z = max(n) - min(n)",
    ['true|["a","b"]|2'],
  ],
  [
    "mv-expand: one row an element",
    "T | where k == 'a' | mv-expand d to typeof(string) | project n, d",
    ["1|x", "1|y"],
  ],
  [
    "mv-expand: a bag's pairs, and an index",
    "T | where k == 'c' | mv-expand with_itemindex = i d | project i, d",
    ['0|{"p":1}', '1|{"q":2}'],
  ],
  [
    "mv-expand: lists side by side, limited",
    "print a = dynamic([1,2,3]), b = dynamic(['x']) | mv-expand a to typeof(long), b to typeof(string) limit 2",
    ["1|x", "2|"],
  ],
  ["mv-expand under a new name", "print a = dynamic([1]) | mv-expand b = a | project a, b", ["[1]|dynamic 1"]],
  ["union fills what a branch does not have", "union (print a = 1), (print b = 'x')", ["1|", "null|x"]],
  ["union keeps types of one name apart", "union (print a = 1), (print a = 'x')", ["1|", "null|x"]],
  [
    "union after a pipe, with its source",
    "T | project k | union withsource = s (print k = 'z') | where k in ('b', 'z') | project k, s",
    ["b|union_arg0", "z|union_arg1"],
  ],
  ["union isfuzzy passes over a missing table", "union isfuzzy = true T, Missing | count", ["4"]],
  ["union stops when enough", "union T, T | take 5 | count", ["5"]],
  ["range", "range x from 1 to 5 step 2", ["1", "3", "5"]],
  ["range over time", "range x from datetime(2026-01-01) to datetime(2026-01-02) step 12h | count", ["3"]],
  [
    "let: scalar, table, function with a default",
    "let a = 2; let f = (x: long, y: long = 10) { x * y + a }; let R = T | where n == a; R | project f(n), f(n, 3)",
    ["22|8"],
  ],
  ["let: a tabular function", "let f = (least: long) { T | where n >= least }; f(2) | count", ["2"]],
  ["materialize", "let M = materialize(T | where n > 1); union M, M | count", ["4"]],
  ["in with a subquery", "T | where k in ((T | where n == 2 | project k)) | project n", ["2"]],
];

describe("tabular operators", () => {
  it.each(CASES)("%s", (_title, query, expected) => {
    expect(rowsOf(T + query)).toEqual(expected);
  });
});

const JOINS: readonly (readonly [string, string, readonly string[]])[] = [
  ["innerunique, the default: one left row a key", "", ["a|1|a1|a", "a|1|a9|a"]],
  ["inner", "kind=inner", ["a|1|a1|a", "a|1|a9|a", "a|3|a1|a", "a|3|a9|a"]],
  [
    "leftouter fills '' and null",
    "kind=leftouter",
    ["a|1|a1|a", "a|1|a9|a", "b|2||", "a|3|a1|a", "a|3|a9|a", "c|null||"],
  ],
  ["rightouter", "kind=rightouter", ["a|1|a1|a", "a|1|a9|a", "a|3|a1|a", "a|3|a9|a", "|null|d4|d"]],
  ["fullouter", "kind=fullouter", ["a|1|a1|a", "a|1|a9|a", "b|2||", "a|3|a1|a", "a|3|a9|a", "c|null||", "|null|d4|d"]],
  ["leftsemi", "kind=leftsemi", ["a|1", "a|3"]],
  ["leftanti", "kind=leftanti", ["b|2", "c|null"]],
  ["rightsemi", "kind=rightsemi", ["a1|a", "a9|a"]],
  ["rightanti", "kind=rightanti", ["d4|d"]],
];

describe("join", () => {
  it.each(JOINS)("%s", (_title, kind, expected) => {
    const right = "(U | project x = strcat(k, n), k)";
    expect(rowsOf(`${U}T | project k, n | join ${kind} ${right} on k`)).toEqual(expected);
  });

  it("keys of two names, and several; a null key meets nothing", () => {
    expect(rowsOf(`${U}T | join kind=inner U on $left.k == $right.k, n | project k, m`)).toEqual(["a|one"]);
    expect(rowsOf(`${U}T | join kind=inner (T | where isnull(n)) on n | count`)).toEqual(["0"]);
  });

  it("renames the right side's columns of the same name", () => {
    expect(columnsOf(`${U}T | join U on k`)).toBe("k:string n:long d:dynamic k1:string n1:long m:string");
  });

  it("lookup adds the right side's columns without its keys", () => {
    expect(rowsOf(`${U}T | project k, n | lookup (U | project k, m) on k`)).toEqual([
      "a|1|one",
      "a|1|nine",
      "b|2|",
      "a|3|one",
      "a|3|nine",
      "c|null|",
    ]);
  });
});

const PRELUDE = `let DeviceFileCertificateInfo = table("DeviceFileCertificateInfo") | extend Timestamp = column_ifexists("Timestamp", column_ifexists("TimeGenerated", datetime(null))) | where Timestamp between (datetime(2026-02-24T12:00:00Z) .. datetime(2026-03-01T12:00:00Z)) or (ingestion_time() > datetime(2026-03-01T00:00:00Z) and Timestamp > datetime(2026-01-30T12:00:00Z));
`;
const LEVEL = `let Time_start = datetime(2026-01-30T12:00:00Z); let Time_end = now();
DeviceFileCertificateInfo
| where Timestamp between (Time_start .. Time_end)
| where Signer has "Level Software, Inc"
| summarize FirstSeen = min(Timestamp), LastSeen = max(Timestamp), Report = make_set(tostring(ReportId), 128), Count = count() by DeviceId, DeviceName`;

const RECORDS = [
  {
    TimeGenerated: "2026-02-25T00:00:00Z",
    $ingested: "2026-02-25T00:05:00Z",
    DeviceId: "a1",
    DeviceName: "pc-a",
    Signer: "Level Software, Inc.",
    ReportId: 9007199254740993n,
  },
  {
    TimeGenerated: "2026-02-26T00:00:00.1234567Z",
    $ingested: "2026-02-26T00:05:00Z",
    DeviceId: "a1",
    DeviceName: "pc-a",
    Signer: "LEVEL SOFTWARE, INC",
    ReportId: 2,
  },
  {
    TimeGenerated: "2026-02-25T00:00:00Z",
    $ingested: "2026-02-25T00:05:00Z",
    DeviceId: "b2",
    DeviceName: "pc-b",
    Signer: "NextLevel Software, Inc",
    ReportId: 3,
  },
  // Older than the window: one ingested long ago, one that came late.
  {
    TimeGenerated: "2026-02-10T00:00:00Z",
    $ingested: "2026-02-10T00:05:00Z",
    DeviceId: "c3",
    DeviceName: "pc-c",
    Signer: "Level Software, Inc",
    ReportId: 4,
  },
  {
    TimeGenerated: "2026-02-10T00:00:00Z",
    $ingested: "2026-03-01T06:00:00Z",
    DeviceId: "zz",
    DeviceName: "pc-z",
    Signer: "Level Software, Inc",
    ReportId: 5,
  },
];

const leg = (table: string): string => `(table("${table}")
      | extend Timestamp = column_ifexists("Timestamp", column_ifexists("TimeGenerated", datetime(null))), Signer = column_ifexists("Signer", "(none)")
      | where Timestamp > ago(7d)
      | summarize Rows = count(), Signed = countif(isnotempty(Signer)), NewestIngested = max(ingestion_time()) by Hour = bin(Timestamp, 1h)
      | extend Table = "${table}")`;

const tables = { DeviceFileCertificateInfo: deviceTable("DeviceFileCertificateInfo", RECORDS) };

/** Device ids that the Level query finds in a slice. */
const devices = (filter: string): string[] =>
  rowsOf(`${PRELUDE}${LEVEL}\n| where ${filter}\n| project DeviceId`, { tables });

describe("the queries that are shipped", () => {
  it("reads the planned window, and late rows by their ingestion time", () => {
    expect(columnsOf(PRELUDE + LEVEL, { tables })).toBe(
      "DeviceId:string DeviceName:string FirstSeen:datetime LastSeen:datetime Report:dynamic Count:long",
    );
    expect(rowsOf(PRELUDE + LEVEL, { tables })).toEqual([
      'a1|pc-a|2026-02-25T00:00:00.0000000Z|2026-02-26T00:00:00.1234567Z|["9007199254740993","2"]|2',
      'zz|pc-z|2026-02-10T00:00:00.0000000Z|2026-02-10T00:00:00.0000000Z|["5"]|1',
    ]);
  });

  it("finds the same in the other dialect, where the column is Timestamp", () => {
    const records = RECORDS.map(({ TimeGenerated, ...rest }) => Object.assign(rest, { Timestamp: TimeGenerated }));
    const other = { DeviceFileCertificateInfo: deviceTable("DeviceFileCertificateInfo", records, "defender-xdr") };
    expect(rowsOf(PRELUDE + LEVEL, { tables: other, dialect: "defender-xdr" })).toEqual(
      rowsOf(PRELUDE + LEVEL, { tables }),
    );
  });

  it("cuts to a slice, and to what no slice names", () => {
    expect(devices('DeviceId startswith "a"')).toEqual(["a1"]);
    expect(devices('DeviceId startswith "" and not(DeviceId matches regex "(?i)^[0-9a-f]")')).toEqual(["zz"]);
  });

  it("counts by hour over two tables, of which one has no rows", () => {
    expect(rowsOf(`union ${leg("DeviceFileCertificateInfo")}, ${leg("DeviceInfo")}`, { tables })).toEqual([
      "2026-02-25T00:00:00.0000000Z|2|2|2026-02-25T00:05:00.0000000Z|DeviceFileCertificateInfo",
      "2026-02-26T00:00:00.0000000Z|1|1|2026-02-26T00:05:00.0000000Z|DeviceFileCertificateInfo",
    ]);
  });

  it("gives one row a tool and device in one scan", () => {
    const catalogue = `${PRELUDE}DeviceFileCertificateInfo
| where Signer has_any ("Level Software, Inc", "NextLevel")
| extend Ids = set_difference(pack_array(iff(Signer has "Level Software, Inc", "ID-LEVEL", ""), iff(Signer has_any ("NextLevel", "Next"), "ID-NEXT", "")), dynamic([""]))
| mv-expand DetectionId = Ids to typeof(string)
| summarize FirstSeen = min(Timestamp), arg_max(Timestamp, DeviceName), Counterfeit = countif(IsTrusted == false) > 0 by DetectionId, DeviceId
| project DetectionId, DeviceId, DeviceName, Counterfeit | sort by DeviceId asc`;
    expect(rowsOf(catalogue, { tables })).toEqual([
      "ID-LEVEL|a1|pc-a|false",
      "ID-NEXT|b2|pc-b|false",
      "ID-LEVEL|zz|pc-z|false",
    ]);
  });

  it("ingestion_time() is null once rows are no longer those of the table", () => {
    const query = "DeviceFileCertificateInfo | summarize by DeviceId | take 1 | project isnull(ingestion_time())";
    expect(rowsOf(query, { tables })).toEqual(["true"]);
  });

  it("the request's time range cuts every table on its event time", () => {
    const timeRange = { from: new Date("2026-02-25T00:00:00Z"), to: new Date("2026-02-25T23:59:59Z") };
    expect(rowsOf("DeviceFileCertificateInfo | count", { tables, timeRange })).toEqual(["2"]);
  });

  it("a table of the schema without rows is empty; a column without values is missing", () => {
    expect(rowsOf("DeviceInfo | count")).toEqual(["0"]);
    expect(rowsOf("DeviceFileCertificateInfo | take 1 | project Issuer, IsTrusted", { tables })).toEqual(["|null"]);
  });

  it("a given table that the schema lacks is added with its columns", () => {
    const own = tableOf([{ name: "Name", type: "string" }], [{ Name: "x" }]);
    expect(rowsOf("Own_CL | project Name", { tables: { Own_CL: own } })).toEqual(["x"]);
  });

  it("stops at the row cap and says so", () => {
    const result = execute("DeviceFileCertificateInfo", { tables, now: NOW, maxRows: 2 });
    expect([result.rows.length, result.truncated]).toEqual([2, true]);
    expect(execute("DeviceFileCertificateInfo", { tables, now: NOW, maxRows: 5 }).truncated).toBe(false);
  });
});

describe("what can't run", () => {
  it.each([
    ["T | make-series count() on n from 1 to 2 step 1", "unsupported: make-series at 6:5"],
    ["T | extend x = series_stats(d)", "unsupported: series_stats() at 6:16"],
    ["T | summarize hll(n)", "unsupported: hll() at 6:15"],
    [
      "T | join kind=inner hint.strategy=broadcast T on $left.n == $right.n | evaluate narrow()",
      "unsupported: evaluate at 6:72",
    ],
    ["union T, (print n = 'x'), (print n_long = 1)", "unsupported: union of n_long and a n of several types at 6:1"],
    ["union T, T, (print n = 'x')", "unsupported: union that has no place for n: string at 6:1"],
    ["union Device*", "unsupported: union Device* at 6:7"],
    ['externaldata(a: string)["https://example.org/x"]', "unsupported: externaldata at 6:1"],
    ["search 'x'", "unsupported: search at 6:1"],
    ["T | where n > 1 | project parse_version(k)", "unsupported: parse_version() at 6:27"],
  ])("%s: says what and where", (query, message) => {
    expect(() => rowsOf(T + query)).toThrow(UnsupportedKqlError);
    expect(() => rowsOf(T + query)).toThrow(message);
  });

  it("an unknown column or table: every problem with its place", () => {
    const query = "DeviceInfo\n| where Nope == 1\n| join Missing on DeviceId";
    expect(() => rowsOf(query)).toThrow(KqlSemanticError);
    expect(() => rowsOf(query)).toThrow(/^2:9: KS142 .*'Nope'.*\n3:8: KS204 .*'Missing'/);
    expect(() => rowsOf('table("Missing") | count')).toThrow(KqlSemanticError);
  });

  it("a command, and nothing at all", () => {
    expect(() => rowsOf(".show tables")).toThrow("unsupported: a command at 1:1");
    expect(() => rowsOf("let a = 1;")).toThrow();
    expect(() => rowsOf("")).toThrow("no tabular statement");
  });

  it("rows that do not fit their columns are refused with their place", () => {
    const columns = [{ name: "n", type: "long" }] as const;
    expect(() => tableOf(columns, [{ n: 1 }, { n: "x" }])).toThrow('row 2: n: "x" is no long');
    expect(() => tableOf(columns, [{ m: 1 }])).toThrow("row 1: there is no column m");
  });
});

const kinds = (text: string): string[] => analyse(text, "log-analytics").problems.map(({ kind }) => kind);

describe("analysis", () => {
  it("says columns of the result, in both dialects", () => {
    for (const dialect of DIALECTS) {
      const analysis = analyse(PRELUDE + LEVEL, dialect);
      expect(analysis.problems).toEqual([]);
      expect(resultColumns(analysis).map(({ name }) => name)).toEqual([
        "DeviceId",
        "DeviceName",
        "FirstSeen",
        "LastSeen",
        "Report",
        "Count",
      ]);
    }
  });

  it("tells syntax from semantics", () => {
    expect(kinds("DeviceInfo | where (")).toContain("syntax");
    expect(kinds("DeviceInfo | where Nope == 1")).toEqual(["semantic"]);
  });

  it.each([
    ["a\nb", 2, 2, 1],
    ["a\r\nbc", 4, 2, 2],
    ["a\rb", 2, 2, 1],
    ["ab", 2, 1, 3],
  ])("%j offset %i is line %i, column %i", (text, offset, line, column) => {
    expect(positionOf(text, offset)).toEqual({ line, column });
  });

  it("every Device table has the columns that sightings need, in both dialects", () => {
    for (const dialect of DIALECTS) {
      for (const table of DEVICE_TABLES.filter((name) => name.startsWith("Device"))) {
        const names = (SCHEMAS[dialect][table] ?? []).map(({ name }) => name);
        expect(names, `${dialect} ${table}`).toEqual(expect.arrayContaining(["DeviceId", "DeviceName"]));
      }
    }
  });
});
