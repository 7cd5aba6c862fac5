import { array, assert, boolean, property } from "fast-check";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { catalogDetections, detectionPaths, testPathOf } from "../../../../shared/catalog/detection-paths.ts";
import { problemLine } from "../../../../shared/catalog/file-problem.ts";
import { pairUp } from "../../../../shared/catalog/testing/match-rows.ts";
import { requireTests } from "../../../../shared/catalog/testing/require-tests.ts";
import { loadTestFile } from "../../../../shared/catalog/testing/test-file.ts";
import { testTable } from "../../../../shared/catalog/testing/test-rows.ts";
import { testTime } from "../../../../shared/catalog/testing/test-time.ts";
import { formatDatetime, ticksOfDate } from "../../../../shared/kql/datetime.ts";
import { DIALECTS } from "../../../../shared/kql/schema.ts";

const NOW = new Date("2026-03-01T12:00:00Z");

/** A test file that is right; what a test gives takes the place of a line. The first row stands in line 6. */
const testFile = (changes: Readonly<Record<string, string>> = {}): string =>
  Object.values({
    now: "now: 2026-03-01T12:00:00Z",
    cases: "cases:",
    first: "  - name: it matches",
    tables: "    tables:",
    table: "      DeviceFileCertificateInfo:",
    row: "        - {Timestamp: now-1d, DeviceId: a1, ReportId: 7, IsSigned: true}",
    expect: "    expect: [{DeviceId: a1}]",
    second: "  - {name: it does not, boundary: true, tables: {DeviceInfo: [{DeviceId: b2}]}, expect: []}",
    ...changes,
  }).join("\n");

function problemsOf(text: string): readonly string[] {
  const loaded = loadTestFile(text, "t");
  return "problems" in loaded ? loaded.problems.map(problemLine) : [];
}

describe("a test file", () => {
  it("gives its cases with their places", () => {
    const loaded = loadTestFile(testFile({ survivors: 'survivors: [{mutation: "1 → 2", reason: why}]' }), "t");
    expect("tests" in loaded && loaded.tests).toMatchObject({
      now: NOW,
      cases: [
        { name: "it matches", boundary: false, line: 3, column: 5, expect: [{ DeviceId: "a1" }] },
        { name: "it does not", boundary: true, line: 8, column: 5, expect: [] },
      ],
      survivors: [{ mutation: "1 → 2", reason: "why", line: 9, column: 13 }],
    });
  });

  it.each([
    ["nothing", "", "t:1:1: not a test file: it needs now and cases"],
    [
      "no YAML",
      "now: [",
      "t:1:7: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
    ],
    ["an alias without anchor", testFile({ expect: "    expect: *x" }), /^t:7:13: not valid YAML: Unresolved alias/],
    ["no now", testFile({ now: "" }), "t:1:1: now is missing; add it: now: 2026-03-01T12:00:00Z"],
    ["a now that is none", testFile({ now: "now: today" }), /^t:1:6: now is a time such as .* and not "today"/],
    ["a misspelt field", testFile({ expect: "    expects: []" }), "t:7:5: unknown field expects; did you mean expect?"],
    ["an unknown field", testFile({ own: "zzzzzz: 1" }), "t:9:1: unknown field zzzzzz; take it out"],
    [
      "a case without rows",
      testFile({ second: "  - {name: x, boundary: true, tables: {}, expect: []}" }),
      /^t:8:5: without any row/,
    ],
    [
      "a name twice",
      testFile({ second: "  - {name: it matches, boundary: true, tables: {DeviceInfo: [{}]}, expect: []}" }),
      /^t:8:12: another case has the name "it matches"/,
    ],
    [
      "a misspelt table",
      testFile({ table: "      DeviceFileCertificateInf:" }),
      "t:5:7: DeviceFileCertificateInf is no Device table; did you mean DeviceFileCertificateInfo?",
    ],
    [
      "a misspelt column",
      testFile({ row: "        - {Signr: x}" }),
      "t:6:12: DeviceFileCertificateInfo has no column Signr; did you mean Signer?",
    ],
    [
      "a number as a string",
      testFile({ row: "        - {DeviceId: 07}" }),
      "t:6:22: DeviceId is a string: put it in quotes",
    ],
    [
      "a string as a number",
      testFile({ row: '        - {ReportId: "7"}' }),
      "t:6:22: ReportId is a long: write a whole number of 64 bits, without quotes",
    ],
    [
      "a fraction as a long",
      testFile({ row: "        - {ReportId: 7.5}" }),
      "t:6:22: ReportId is a long: write a whole number of 64 bits, without quotes",
    ],
    [
      "a string as a bool",
      testFile({ row: '        - {IsSigned: "true"}' }),
      "t:6:22: IsSigned is a bool: write true or false, without quotes",
    ],
    [
      "a number beyond 64 bits",
      testFile({ row: "        - {ReportId: 9223372036854775808}" }),
      "t:6:22: ReportId is a long: write a whole number of 64 bits, without quotes",
    ],
    [
      "a time before year 1",
      testFile({ row: "        - {Timestamp: now-999999d}" }),
      /^t:6:23: Timestamp is a datetime/,
    ],
    [
      "no time",
      testFile({ row: "        - {Timestamp: now-5days}" }),
      /^t:6:23: Timestamp is a datetime: write it as .*now-5d/,
    ],
    ["no ingestion time", testFile({ row: "        - {$ingested: yesterday}" }), /^t:6:23: \$ingested is a datetime/],
    ["no case that matches", testFile({ expect: "    expect: []" }), /^t:2:1: no case expects a row/],
    [
      "no case that must not match",
      testFile({ second: "  - {name: x, boundary: true, tables: {}, expect: [{DeviceId: b}]}" }),
      /^t:2:1: every case expects a row/,
    ],
    [
      "no boundary",
      testFile({ second: "  - {name: x, tables: {DeviceInfo: [{}]}, expect: []}" }),
      /^t:2:1: no case is a boundary/,
    ],
    [
      "an expected row of nothing",
      testFile({ expect: "    expect: [{}]" }),
      "t:7:14: this row is empty; name the columns that matter",
    ],
    ["no expectation", testFile({ expect: "" }), /^t:3:5: expect is missing; list the rows/],
    [
      "a survivor without reason",
      testFile({ own: "survivors: [{mutation: x}]" }),
      "t:9:13: reason is missing; say why the changed query means the same",
    ],
  ])("%s is refused at its place", (_what, text, expected) => {
    expect(problemsOf(text)).toContainEqual(typeof expected === "string" ? expected : expect.stringMatching(expected));
  });

  it("tells all that is wrong at once, in the order of the file", () => {
    const problems = problemsOf(testFile({ row: "        - {Signr: x, ReportId: x}", expect: "    expect: []" }));
    expect(problems.map((line) => line.slice(0, 6))).toEqual(["t:2:1:", "t:6:12", "t:6:32"]);
  });

  it("that is not there is a problem that says what to write", () => {
    const required = requireTests("d/x.yaml", undefined);
    expect("problems" in required && required.problems.map(problemLine)).toEqual([
      expect.stringMatching(/^d\/x\.yaml:1:1: .*write d\/x\.test\.yaml.*npx firstsight detections test d\/x\.yaml$/),
    ]);
  });
});

describe("a time", () => {
  it.each([
    ["now", "2026-03-01T12:00:00.0000000Z"],
    ["now-5d", "2026-02-24T12:00:00.0000000Z"],
    ["now-1h30m", "2026-03-01T10:30:00.0000000Z"],
    ["now-5d-1tick", "2026-02-24T11:59:59.9999999Z"],
    ["now+1ms", "2026-03-01T12:00:00.0010000Z"],
    ["now-5d+0.5h", "2026-02-24T12:30:00.0000000Z"],
    ["2026-02-28", "2026-02-28T00:00:00.0000000Z"],
  ])("%s", (text, expected) => {
    expect(formatDatetime(testTime(text, ticksOfDate(NOW)) ?? 0n)).toBe(expected);
  });

  it.each(["now-5", "now - 5d", "now-d", "today", ""])("%s is none", (text) => {
    expect(testTime(text, ticksOfDate(NOW))).toBeUndefined();
  });
});

describe("a row", () => {
  const cells = (row: Readonly<Record<string, unknown>>, table: string): unknown =>
    DIALECTS.map((dialect) => {
      const { columns, rows, ingested } = testTable(table, [row], dialect, NOW);
      const named = columns.map(({ name }, place) => [name, rows[0]?.[place]]);
      return { ...Object.fromEntries(named), $ingested: rows[0]?.[ingested ?? -1] };
    });
  const hourAgo = ticksOfDate(NOW) - 36_000_000_000n;

  it.each(["Timestamp", "TimeGenerated"])(
    "its %s goes into the time column of the dialect, and is its ingestion time",
    (name) => {
      const time = ticksOfDate(NOW) - 864_000_000_000n;
      expect(cells({ [name]: "now-1d" }, "DeviceFileCertificateInfo")).toMatchObject([
        { TimeGenerated: time, $ingested: time },
        { Timestamp: time, $ingested: time },
      ]);
    },
  );

  it("without a time it is an hour old; what it leaves out is empty or null", () => {
    expect(cells({ DeviceId: "a1", $ingested: "now" }, "DeviceFileCertificateInfo")).toMatchObject([
      { TimeGenerated: hourAgo, $ingested: ticksOfDate(NOW), DeviceId: "a1", Signer: "", IsSigned: null },
      { Timestamp: hourAgo },
    ]);
  });

  it("keeps every digit, and a map is a dynamic or the text of one", () => {
    expect(
      cells({ ReportId: 639199803770463703n, AdditionalFields: { a: [9007199254740993n] } }, "DeviceEvents"),
    ).toMatchObject([
      { ReportId: 639199803770463703n, AdditionalFields: new Map([["a", [9007199254740993n]]]) },
      { ReportId: 639199803770463703n, AdditionalFields: '{"a":[9007199254740993]}' },
    ]);
  });
});

describe("pairs of expected and actual rows", () => {
  it("an expected row that fits several leaves the one that another needs", () => {
    expect(
      pairUp([
        [true, true],
        [true, false],
      ]),
    ).toEqual([1, 0]);
  });

  it("are as many as any order of choosing finds", () => {
    const fits = array(array(boolean(), { minLength: 3, maxLength: 3 }), { maxLength: 4 });
    assert(
      property(fits, (table) => {
        const partners = pairUp(table).filter((partner) => partner !== undefined);
        expect(new Set(partners).size).toBe(partners.length);
        expect(partners.length).toBe(most(table, new Set()));
      }),
    );
  });

  /** By trying everything. */
  function most([first, ...others]: readonly (readonly boolean[])[], taken: ReadonlySet<number>): number {
    if (first === undefined) return 0;
    const choices = first.flatMap((fit, place) =>
      fit && !taken.has(place) ? [1 + most(others, new Set([...taken, place]))] : [],
    );
    return Math.max(most(others, taken), ...choices);
  }
});

describe("the files that a command line means", () => {
  const folders: string[] = [];
  afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

  function folderOf(...files: readonly string[]): string {
    const folder = mkdtempSync(join(tmpdir(), "firstsight-paths-"));
    folders.push(folder);
    for (const file of files) {
      mkdirSync(join(folder, file, ".."), { recursive: true });
      writeFileSync(join(folder, file), "");
    }
    return folder;
  }

  it("none given: those of the clone, which may have none beside the catalogue's tools", () => {
    expect(detectionPaths([])).toEqual({
      files: [...catalogDetections("shipped").files, ...catalogDetections("local").files],
    });
  });

  it("a folder: all below it but tests, hidden folders and packages; a file twice is read once", () => {
    const folder = folderOf("b.yaml", "b.test.yaml", "a/c.yaml", ".git/d.yaml", "node_modules/e/f.yaml", "g.json");
    expect(detectionPaths([join(folder, "b.yaml"), folder])).toEqual({
      files: [join(folder, "b.yaml"), join(folder, "a/c.yaml")],
    });
  });

  it.each([
    ["what is not there", [], "nope", "there is no such file or folder"],
    ["a folder of none", ["x.test.yaml"], "", "no detection (*.yaml) is there"],
    ["tests", ["x.test.yaml"], "x.test.yaml", "this holds the tests of a detection; name "],
    ["another file", ["x.json"], "x.json", "a detection is a .yaml file"],
    ["a .yml", ["x.yml"], "x.yml", "only .yaml is read; rename it to x.yaml"],
    ["a folder with a .yml", ["y.yaml", "x.yml"], "", "only .yaml is read; rename it to x.yaml"],
  ])("%s is a problem", (_what, files, path, expected) => {
    const found = detectionPaths([join(folderOf(...files), path)]);
    expect("problem" in found ? found.problem : "").toContain(expected);
  });

  it("tests stand beside the detection", () => {
    expect(testPathOf("a/b.yaml")).toBe("a/b.test.yaml");
  });
});
