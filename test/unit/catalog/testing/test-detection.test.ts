import { execFile } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { catalogDetections, testPathOf } from "../../../../shared/catalog/detection-paths.ts";
import { problemLine } from "../../../../shared/catalog/file-problem.ts";
import type { DetectionCase, TestRow } from "../../../../shared/catalog/testing/detection-tests.ts";
import { assessSurvivors } from "../../../../shared/catalog/testing/assess-survivors.ts";
import { mutants } from "../../../../shared/catalog/testing/mutants.ts";
import type { CaseOutcome } from "../../../../shared/catalog/testing/run-cases.ts";
import { runCases } from "../../../../shared/catalog/testing/run-cases.ts";
import { runMutants } from "../../../../shared/catalog/testing/run-mutants.ts";
import { testDetection } from "../../../../shared/catalog/testing/test-detection.ts";
import { testedQuery } from "../../../../shared/catalog/testing/tested-query.ts";
import type { TestedQuery } from "../../../../shared/catalog/testing/tested-query.ts";
import { DIALECTS } from "../../../../shared/kql/schema.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const LEVEL = "test/fixtures/rmm-level-file-signature.yaml";

function tested(text: string): TestedQuery {
  const checked = testedQuery(text);
  if ("problems" in checked) throw new Error(JSON.stringify(checked.problems));
  return checked.query;
}

const caseOf = (rows: readonly TestRow[], expected: readonly TestRow[]): DetectionCase => ({
  name: "a case",
  tables: { DeviceEvents: rows },
  expect: expected,
});

/** Outcome of one case over DeviceEvents, the same in both dialects. */
function outcomeOf(query: string, rows: readonly TestRow[], expected: readonly TestRow[]): CaseOutcome | undefined {
  const [first, second] = DIALECTS.map(
    (dialect) => runCases(tested(query), { now: NOW, cases: [caseOf(rows, expected)] }, dialect)[0],
  );
  expect(second).toEqual(first);
  return first;
}

const PASSED = { passed: true };
const ROWS = [
  { DeviceId: "a1", ActionType: "y", ReportId: 2 },
  { DeviceId: "a1", ActionType: "x", ReportId: 1 },
];

describe("a case", () => {
  it.each<readonly [string, string, readonly TestRow[], readonly TestRow[]]>([
    ["rows come in any order", "DeviceEvents", ROWS, [{ ActionType: "x" }, { ActionType: "y" }]],
    [
      "a row that says little leaves the other its partner",
      "DeviceEvents",
      ROWS,
      [{ DeviceId: "a1" }, { ActionType: "y" }],
    ],
    [
      "times are relative to now, and now() is that",
      "DeviceEvents | extend N = now()",
      [{ Timestamp: "now-1d" }],
      [{ Timestamp: "now-1d", N: "now" }],
    ],
    [
      "the file's own window counts",
      "DeviceEvents | where Timestamp > ago(1d)",
      [{ Timestamp: "now-1d" }, { Timestamp: "now-1d+1tick", DeviceId: "b2" }],
      [{ DeviceId: "b2" }],
    ],
    [
      "no planned window is put around it",
      "DeviceEvents",
      [{ Timestamp: "2001-01-01", DeviceId: "a1" }],
      [{ DeviceId: "a1" }],
    ],
    [
      "a query that reads TimeGenerated finds it",
      "DeviceEvents | where TimeGenerated > ago(1d)",
      [{ Timestamp: "now-1h" }],
      [{ TimeGenerated: "now-1h" }],
    ],
    [
      "ingestion time is what the row says",
      "DeviceEvents | extend I = ingestion_time()",
      [{ $ingested: "now" }],
      [{ I: "now" }],
    ],
    [
      "a dynamic is compared by its value, keys in any order",
      'DeviceEvents | extend D = dynamic({"a": [1, 2.0], "b": "x"})',
      [{}],
      [{ D: { b: "x", a: [1, 2] } }],
    ],
    [
      "a list in a text is compared as a list",
      "DeviceEvents | summarize S = tostring(make_set(ReportId)) by DeviceId",
      ROWS,
      [{ S: [1, 2] }],
    ],
    ["a set has no order", "DeviceEvents | summarize S = make_set(ReportId) by DeviceId", ROWS, [{ S: [1, 2] }]],
    ["null is expected as null", "DeviceEvents | extend N = long(null)", [{}], [{ N: null, DeviceId: "" }]],
  ])("%s", (_what, query, rows, expected) => {
    expect(outcomeOf(query, rows, expected)).toEqual(PASSED);
  });

  it("a list that is no set has an order", () => {
    const query = "DeviceEvents | sort by ReportId asc | summarize S = make_list(ReportId) by DeviceId";
    expect(outcomeOf(query, ROWS, [{ S: [1, 2] }])).toEqual(PASSED);
    expect(outcomeOf(query, ROWS, [{ S: [2, 1] }])).toMatchObject({ passed: false });
  });

  it("says which columns differ, what is missing and what is unexpected", () => {
    const query = "DeviceEvents | project DeviceId, ActionType, ReportId";
    expect(outcomeOf(query, ROWS, [{ ActionType: "x", ReportId: 7 }])).toEqual({
      passed: false,
      kind: "rows",
      differences: [
        {
          kind: "different",
          row: { ActionType: '"x"' },
          columns: [{ column: "ReportId", expected: "7", actual: "1" }],
        },
        { kind: "unexpected", actual: { DeviceId: '"a1"', ActionType: '"y"', ReportId: "2" } },
      ],
    });
    expect(outcomeOf(query, [], [{ DeviceId: "b2" }])).toMatchObject({
      differences: [{ kind: "missing", expected: { DeviceId: '"b2"' } }],
    });
  });

  it.each<readonly [string, string, TestRow, object]>([
    [
      "a column that the result lacks",
      "DeviceEvents",
      { DeviceIdd: "x" },
      { kind: "misfit", error: expect.stringContaining("did you mean DeviceId?") },
    ],
    [
      "a value of another type",
      "DeviceEvents",
      { ReportId: "x" },
      { kind: "misfit", error: expect.stringContaining("ReportId is a long") },
    ],
    [
      "what the interpreter does not know, at its place in the query",
      "DeviceEvents\n| make-series n = count() on Timestamp step 1d by DeviceId",
      {},
      { kind: "failed", error: "unsupported: make-series", at: { line: 2, column: 3 } },
    ],
    [
      "a pattern that is none",
      "DeviceEvents | where DeviceId matches regex '['",
      {},
      { kind: "failed", error: expect.stringContaining("[") },
    ],
  ])("fails with %s", (_what, query, expected, outcome) => {
    expect(outcomeOf(query, [{}], [expected])).toMatchObject({ passed: false, ...outcome });
  });
});

/** Changes that a query's mutants make. */
const changes = (query: string): readonly string[] => mutants(tested(query)).map(({ description }) => description);

describe("mutants", () => {
  it.each<readonly [string, readonly string[]]>([
    [
      "where DeviceId == 'a b'",
      [
        "where DeviceId == 'a b' → where true",
        "DeviceId == 'a b' → DeviceId != 'a b'",
        "DeviceId == 'a b' → DeviceId =~ 'a b'",
        `'a b' → "another text"`,
        `'a b' → ""`,
        `'a b' → "a "`,
        `'a b' → " b"`,
        `'a b' → "a"`,
        `'a b' → "b"`,
      ],
    ],
    [
      "where ReportId > 3 and not(ReportId == 5)",
      [
        "ReportId > 3 and not(ReportId == 5) → ReportId > 3",
        "ReportId > 3 and not(ReportId == 5) → not(ReportId == 5)",
        "ReportId > 3 → ReportId >= 3",
        "3 → 4",
        "3 → 2",
        "not(ReportId == 5) → (ReportId == 5)",
      ],
    ],
    [
      "where DeviceName has 'x' or DeviceName !has 'y'",
      [
        "DeviceName has 'x' → DeviceName contains 'x'",
        "DeviceName has 'x' → DeviceName startswith 'x'",
        "DeviceName has 'x' → DeviceName has_cs 'x'",
        "DeviceName !has 'y' → DeviceName !contains 'y'",
      ],
    ],
    [
      "where DeviceName in~ ('x', 'y') or DeviceName has_any ('p', 'q')",
      [
        "DeviceName in~ ('x', 'y') → DeviceName !in~ ('x', 'y')",
        "DeviceName in~ ('x', 'y') → DeviceName in ('x', 'y')",
        "DeviceName in~ ('x', 'y') → without 'x'",
        "DeviceName has_any ('p', 'q') → without 'q'",
      ],
    ],
    [
      "where Timestamp between (ago(5d) .. 2d)",
      [
        "Timestamp between (ago(5d) .. 2d) → (Timestamp > ago(5d) and Timestamp <= (ago(5d)) + (2d))",
        "Timestamp between (ago(5d) .. 2d) → (Timestamp >= ago(5d))",
        "5d → 10d",
        "5d → 2.5d",
      ],
    ],
    [
      "where Timestamp > datetime(2026-01-02) and true",
      [
        "datetime(2026-01-02) → datetime(2026-01-03T00:00:00.0000000Z)",
        "datetime(2026-01-02) → datetime(2026-01-01T00:00:00.0000000Z)",
        "true → false",
      ],
    ],
    ["extend L = dynamic(['x', 'y']), R = 1.5", ["['x', 'y'] → without 'x'", "1.5 → 2.5"]],
    [
      "summarize min(Timestamp), C = count(), S = make_set(ReportId) by DeviceId, H = bin(Timestamp, 1h)",
      [
        "min(Timestamp) → max(Timestamp)",
        "count() → max(long(1))",
        "make_set(ReportId) → make_list(ReportId)",
        "by DeviceId, H = bin(Timestamp, 1h) → by DeviceId",
        "by DeviceId, H = bin(Timestamp, 1h) → by H = bin(Timestamp, 1h)",
      ],
    ],
    ["where ReportId == 3 or InitiatingProcessId == 3", ["3 → 4", "3 → 4 (2)"]],
  ])("of %s", (query, expected) => {
    expect(changes(`DeviceEvents | ${query}`)).toEqual(expect.arrayContaining([...expected]));
  });

  it("each has its own description and its own text", () => {
    const all = mutants(
      tested("DeviceEvents | where DeviceId has 'a' or DeviceId has 'a' | where ReportId in (1, 1, 2)"),
    );
    expect(new Set(all.map(({ description }) => description)).size).toBe(all.length);
    expect(new Set(all.map(({ text }) => text)).size).toBe(all.length);
  });

  it("keep the columns: without a key its column has the value of some row", () => {
    const found = mutants(tested("DeviceEvents | summarize count() by DeviceId, DeviceName")).map(({ text }) => text);
    expect(found).toContain("DeviceEvents | summarize count(), DeviceName = take_any(DeviceName) by DeviceId");
    expect(found).toContain("DeviceEvents | summarize count_ = max(long(1)) by DeviceId, DeviceName");
  });

  it("are noticed by a case, or survive; what is no valid query is neither", () => {
    const query = tested("DeviceEvents | where ReportId > 3 and ActionType == 'x'");
    const cases = [
      caseOf(
        [
          { DeviceId: "a1", ReportId: 5, ActionType: "x" },
          { DeviceId: "b2", ReportId: 1, ActionType: "x" },
        ],
        [{ DeviceId: "a1" }],
      ),
    ];
    const runs = runMutants(query, { now: NOW, cases });
    const survivors = runs.filter(({ killedBy }) => killedBy === undefined).map(({ mutant }) => mutant.description);
    expect(survivors).toContain("ReportId > 3 → ReportId >= 3");
    expect(survivors).not.toContain("3 → 2 (2)");
    expect(runs.find(({ mutant }) => mutant.description.endsWith("→ where true"))?.killedBy).toBe("a case");
    const regex = tested("DeviceEvents | where ActionType matches regex '(x)'");
    const noticed = runMutants(regex, { now: NOW, cases: [caseOf([{ ActionType: "x" }], [{}])] });
    expect(mutants(regex).map(({ description }) => description)).toContain(`'(x)' → "(x"`);
    expect(noticed.map(({ mutant }) => mutant.description)).not.toContain(`'(x)' → "(x"`);
  });
});

describe("survivors that a test file lists", () => {
  const place = { line: 9, column: 5 };
  const run = (description: string, killedBy?: string) => ({
    mutant: { description, text: "", line: 2, column: 3 },
    ...(killedBy !== undefined && { killedBy }),
  });
  const judged = (listed: readonly string[]) =>
    assessSurvivors(
      [run("3 → 4", "a case"), run("3 → 2")],
      { file: "d", locate: ({ line, column }) => ({ line: line + 10, column }) },
      { file: "t", survivors: listed.map((mutation) => ({ mutation, reason: "r", ...place })) },
    );

  it("need no case", () => {
    expect(judged(["3 → 2"])).toEqual({ mutation: { mutants: 2, listed: 1, survivors: [] }, problems: [] });
  });

  it.each<readonly [string, readonly string[], string]>([
    [
      "unlisted",
      [],
      'd:12:3: no case notices this change: 3 → 2; add a case that does, or, where it means the same, list it under survivors in t: - { mutation: "3 → 2", reason: why }',
    ],
    [
      "listed and noticed",
      ["3 → 2", "3 → 4"],
      't:9:5: the case "a case" notices this change: it is no survivor; take it out',
    ],
    ["listed and not there", ["3 → 2", "3 → 9"], "t:9:5: the query has no such mutation; did you mean 3 → 4?"],
    ["listed twice", ["3 → 2", "3 → 2"], "t:9:5: this survivor is listed twice; take one out"],
  ])("%s is a finding", (_what, listed, expected) => {
    expect(judged(listed).problems.map(problemLine)).toEqual([expected]);
  });
});

describe("the shipped detections", () => {
  it.each(catalogDetections("shipped").files)("%s: every case passes, and every change is noticed", (file) => {
    const source = { file, text: readFileSync(file, "utf8"), test: readFileSync(testPathOf(file), "utf8") };
    const report = testDetection(source, { mutate: true });
    expect(report.cases.filter(({ passed }) => !passed)).toEqual([]);
    expect(report.problems.map(problemLine)).toEqual([]);
    expect(report.mutation?.survivors).toEqual([]);
    expect(report.mutation?.mutants).toBeGreaterThan(10);
  });

  it("Level's: each case but the plainest is missed by a mutant when it is taken out", () => {
    const test = readFileSync(testPathOf(LEVEL), "utf8");
    const [before = "", ...cases] = test.split(/(?=^ {2}- name)/m);
    const isMissed = cases.map((_, index) => {
      const fewer = before + cases.filter((__, other) => other !== index).join("");
      const report = testDetection({ file: LEVEL, text: readFileSync(LEVEL, "utf8"), test: fewer }, { mutate: true });
      return (report.mutation?.survivors.length ?? 0) > 0;
    });
    expect(isMissed).toEqual([false, ...cases.slice(1).map(() => true)]);
  });
});

/** Ends when the process has. */
const runNode = (
  script: string,
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [script, ...args], (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });

describe("a detection with its tests", () => {
  const detection = `id: 6f0e8d3c-5f0b-4b53-9a55-0d3a4f3c2b1a\nname: n\ndescription: d\nquery: |\n  DeviceEvents\n  | where`;
  const tests = `now: 2026-03-01T12:00:00Z
cases:
  - { name: a, boundary: true, tables: { DeviceEvents: [{ ReportId: 1 }] }, expect: [{ ReportId: 1 }] }
  - { name: b, tables: { DeviceEvents: [{ ReportId: 3 }] }, expect: [] }
`;
  const report = (query: string, test = tests) =>
    testDetection({ file: "d.yaml", text: `${detection} ${query}\n`, test }, { mutate: true });

  it("a query that is not valid, and tests that are not, are told together", () => {
    expect(report("ReportIdd < 3", "now: x").problems.map(problemLine)).toEqual([
      expect.stringMatching(/^d\.yaml:6:11: .*ReportIdd.* Did you mean ReportId\?$/),
      expect.stringMatching(/^d\.test\.yaml:1:1: cases is missing/),
      expect.stringMatching(/^d\.test\.yaml:1:6: now is a time/),
    ]);
  });

  it("rows of a table that the query does not read are a problem at their place", () => {
    const { problems, cases } = report(
      "ReportId < 3",
      tests.replace("b, tables: { DeviceEvents: [{ ReportId: 3", "b, tables: { DeviceInfo: [{ DeviceId: a"),
    );
    expect(cases.map(({ passed }) => passed)).toEqual([true, true]);
    expect(problems.map(problemLine)).toContain(
      "d.test.yaml:4:26: the query does not read DeviceInfo; it reads DeviceEvents",
    );
  });

  it("what no row can have is told where it is expected, and nothing is mutated", () => {
    const { cases, mutation } = report("ReportId < 3", tests.replace("expect: [{ ReportId", "expect: [{ Report"));
    expect(cases[0]?.failures).toMatchObject([
      { dialects: DIALECTS, at: { file: "d.test.yaml", line: 3, column: 86 }, outcome: { kind: "misfit", row: 0 } },
    ]);
    expect(mutation).toBeUndefined();
  });

  it("what the interpreter does not know is told at its place in the detection", () => {
    expect(report("true | make-series n = count() on Timestamp step 1d by DeviceId").cases[0]?.failures).toMatchObject([
      { at: { file: "d.yaml", line: 6, column: 18 } },
    ]);
  });

  it("mutants that no case notices are problems at their place in the detection", () => {
    const { problems, mutation } = report("ReportId < 3");
    expect(mutation?.survivors).toEqual(["3 → 2"]);
    expect(problems.map(problemLine)).toEqual([
      expect.stringMatching(/^d\.yaml:6:22: no case notices this change: 3 → 2;/),
    ]);
  });
});

describe("the build", () => {
  let clone: string;
  beforeAll(() => {
    clone = mkdtempSync(join(tmpdir(), "firstsight-clone-"));
    for (const part of ["shared", "scripts", "package.json", "package-lock.json"])
      cpSync(part, join(clone, part), { recursive: true });
    symlinkSync(join(process.cwd(), "node_modules"), join(clone, "node_modules"));
  });
  afterAll(() => rmSync(clone, { recursive: true }));

  it("is refused over a detection without tests and over a .yml", async () => {
    const untested = "shared/catalog/local/detections/untested.yaml";
    mkdirSync(join(clone, dirname(untested)), { recursive: true });
    cpSync(LEVEL, join(clone, untested));
    writeFileSync(join(clone, "shared/catalog/local/detections/other.yml"), "");
    const tools = join(clone, "shared/catalog/rmm-tools.test.yaml");
    writeFileSync(tools, readFileSync(tools, "utf8").replace(/^level:\n(?: .*\n)+/m, ""));
    const { code, err } = await runNode(join(clone, "scripts/generate-packs.ts"));
    expect(code).toBe(1);
    expect(err.split("\n")).toEqual(
      expect.arrayContaining([
        expect.stringMatching(`^${untested}:1:1: no test shows what it finds: write ${testPathOf(untested)} `),
        expect.stringMatching(`^${untested}:1:1: id .* is that of the catalogue's tool level; make a new GUID`),
        "shared/catalog/local/detections/other.yml:1:1: only .yaml is read; rename it to other.yaml",
        expect.stringMatching("^shared/catalog/rmm-tools.yaml:1:1: tool level has no tests; "),
      ]),
    );
  });
});

describe("firstsight detections test", () => {
  let folder: string;
  /** Where the case stands that is made to fail. */
  let line: number;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "firstsight-tests-"));
    copyFileSync(LEVEL, join(folder, "a.yaml"));
    copyFileSync(LEVEL, join(folder, "untested.yaml"));
    const test = readFileSync(testPathOf(LEVEL), "utf8");
    line = test.slice(0, test.indexOf("- name: several rows of a device")).split("\n").length;
    writeFileSync(join(folder, "a.test.yaml"), test.replace("Count: 3", "Count: 4"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (...args: readonly string[]) => runNode("shared/cli/main.ts", "detections", "test", ...args);

  it("passes over what is shipped, and says so", async () => {
    const { code, out, err } = await run("--mutate");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(
      /^the catalogue's tools\n {2}125 tools, \d+ signers: all right\n {2}\d+ mutants: all noticed\n/,
    );
  });

  it("passes over the query that the project began with", async () => {
    const { code, out, err } = await run("--mutate", LEVEL);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("  ✓ the signer as the certificate has it\n");
    expect(out).toMatch(/\n1 detection, 7 cases: all pass; \d+ mutants: all noticed\n$/);
  });

  it("a case that fails and a detection without tests: the places, the difference, exit code 1", async () => {
    const { code, out } = await run(folder);
    expect(code).toBe(1);
    expect(out).toContain(`${folder}/a.test.yaml:${line}:5: 1 row differs from what is expected\n`);
    expect(out).toContain("      -   Count: 4\n      +   Count: 3\n");
    expect(out).toContain(
      `${folder}/untested.yaml:1:1: no test shows what it finds: write ${folder}/untested.test.yaml`,
    );
    expect(out).toMatch(/2 detections, 7 cases: 1 failed; 1 problem\n$/);
  });

  it("for machines: one object", async () => {
    const { code, out } = await run("--json", folder);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      detections: 2,
      cases: 7,
      failed: 1,
      problems: 1,
      reports: [
        {
          file: join(folder, "a.yaml"),
          cases: expect.arrayContaining([expect.objectContaining({ passed: false, line })]),
        },
        { problems: [{ line: 1, column: 1 }] },
      ],
    });
  });

  it("a path that is not there is usage: exit code 2", async () => {
    const { code, err } = await run(join(folder, "nope"));
    expect([code, err]).toEqual([2, expect.stringContaining("nope: there is no such file or folder")]);
  });
});
