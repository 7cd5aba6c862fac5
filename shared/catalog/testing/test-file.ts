import type { z } from "zod";
import type { Position } from "../../kql/position.ts";
import { nearest } from "../../kql/nearest.ts";
import { DEVICE_TABLES, DIALECTS, SCHEMAS } from "../../kql/schema.ts";
import type { FileProblem } from "../file-problem.ts";
import type { DetectionCase, DetectionTests } from "./detection-tests.ts";
import { INGESTION, TIME_COLUMNS, cellProblem } from "./test-rows.ts";
import { testFileSchema } from "./test-schema.ts";
import type { YamlDocument } from "../yaml-document.ts";
import { normalised, readYamlDocument } from "../yaml-document.ts";

/** A `*.test.yaml`, checked against the table schemas of both dialects. */
export interface TestFile extends DetectionTests<FileCase> {
  readonly file: string;
  /** Mutants that may survive because they mean the same as the query. */
  readonly survivors: readonly (Position & { readonly mutation: string; readonly reason: string })[];
}

/** A case with its position in the file. */
interface FileCase extends DetectionCase, Position {
  readonly boundary: boolean;
  /** Positions of the table names and of the expected rows. */
  readonly tablesAt: Readonly<Record<string, Position>>;
  readonly expectAt: readonly Position[];
}

export type LoadedTests = { readonly tests: TestFile } | { readonly problems: readonly FileProblem[] };

type Content = z.infer<typeof testFileSchema>;
type Problem = Position & { readonly message: string };

/** The tests of a file, or all its problems in the order of the file. */
export function loadTestFile(source: string, file: string): LoadedTests {
  const yaml = readYamlDocument(normalised(source), { intAsBigInt: true });
  const refused = (problems: readonly Problem[]): LoadedTests => ({
    problems: problems
      .toSorted((a, b) => a.line - b.line || a.column - b.column)
      .map(({ line, column, message }) => ({ file, line, column, message })),
  });
  // Later errors usually follow from the first: one missing bracket gives dozens.
  if ("problems" in yaml) return refused(yaml.problems.slice(0, 1));
  const parsed = testFileSchema.safeParse(yaml.content);
  if (!parsed.success) return refused(parsed.error.issues.flatMap((issue) => issueProblems(issue, yaml)));
  const content = parsed.data;
  const problems = [...caseProblems(content, yaml), ...kindProblems(content, yaml)];
  if (problems.length > 0) return refused(problems);
  return {
    tests: {
      file,
      now: content.now,
      cases: content.cases.map((one, index) => located(one, ["cases", index], yaml)),
      survivors: content.survivors.map((one, index) => ({ ...one, ...yaml.at(["survivors", index]) })),
    },
  };
}

const located = (one: Content["cases"][number], path: readonly PropertyKey[], yaml: YamlDocument): FileCase => ({
  ...one,
  ...yaml.at(path),
  tablesAt: Object.fromEntries(Object.keys(one.tables).map((table) => [table, yaml.keyAt([...path, "tables", table])])),
  expectAt: one.expect.map((_, index) => yaml.at([...path, "expect", index])),
});

const FIELDS = [
  ...Object.keys(testFileSchema.shape),
  "name",
  "boundary",
  "tables",
  "expect",
  "mutation",
  "reason",
] as const;

function issueProblems(issue: z.core.$ZodIssue, yaml: YamlDocument): readonly Problem[] {
  if (issue.code !== "unrecognized_keys") return [{ ...yaml.at(issue.path), message: issue.message }];
  return issue.keys.map((key) => ({
    ...yaml.keyAt([...issue.path, key]),
    message: `unknown field ${key}; ${suggestion(key, FIELDS) ?? "take it out"}`,
  }));
}

function caseProblems({ cases, now }: Content, yaml: YamlDocument): readonly Problem[] {
  const names = new Set<string>();
  return cases.flatMap(({ name, tables, expect }, index) => {
    const path = ["cases", index];
    const found = Object.entries(tables).flatMap(([table, rows]) =>
      tableProblems(table, rows, now, [...path, "tables", table], yaml),
    );
    if (names.has(name))
      found.push({ ...yaml.at([...path, "name"]), message: `another case has the name "${name}"; rename one of them` });
    names.add(name);
    if (expect.length === 0 && Object.values(tables).every((rows) => rows.length === 0))
      found.push({
        ...yaml.at(path),
        message: "without any row nothing can match, so this shows nothing; give the rows that must not match",
      });
    return found;
  });
}

function tableProblems(
  table: string,
  rows: readonly Readonly<Record<string, unknown>>[],
  now: Date,
  path: readonly PropertyKey[],
  yaml: YamlDocument,
): Problem[] {
  if (!DEVICE_TABLES.includes(table))
    return [
      {
        ...yaml.keyAt(path),
        message: `${table} is no Device table; ${suggestion(table, DEVICE_TABLES) ?? `one of ${DEVICE_TABLES.join(", ")}`}`,
      },
    ];
  const columns = [INGESTION, ...DIALECTS.flatMap((dialect) => SCHEMAS[dialect][table] ?? [])];
  const names = [...new Set(columns.map(({ name }) => name))];
  return rows.flatMap((row, index) =>
    Object.entries(row).flatMap(([name, given]): Problem[] => {
      const place = [...path, index, name];
      const named = columns.filter((column) => column.name === name);
      if (named.length === 0 && !TIME_COLUMNS.includes(name))
        return [
          {
            ...yaml.keyAt(place),
            message: `${table} has no column ${name}; ${suggestion(name, names) ?? `it has ${names.join(", ")}`}`,
          },
        ];
      const types = named.length === 0 ? [INGESTION.type] : named.map(({ type }) => type);
      // Where the dialects differ in the type, a value has to fit one of them; the other gets it converted from or to text.
      const problems = types.map((type) => cellProblem(given, type, now));
      const [problem] = problems;
      return problem === undefined || problems.includes(undefined)
        ? []
        : [{ ...yaml.at(place), message: `${name} ${problem}` }];
    }),
  );
}

/** Problems for missing ones of the three kinds of case that every detection needs. */
function kindProblems({ cases }: Content, yaml: YamlDocument): readonly Problem[] {
  const wanted: readonly (readonly [boolean, string])[] = [
    [cases.some(({ expect }) => expect.length > 0), "no case expects a row; add one that matches"],
    [
      cases.some(({ expect }) => expect.length === 0),
      "every case expects a row; add one that must not match: expect: []",
    ],
    [
      cases.some(({ boundary }) => boundary),
      "no case is a boundary; add one (an edge of the window, another spelling) and mark it boundary: true",
    ],
  ];
  return wanted.flatMap(([met, message]) => (met ? [] : [{ ...yaml.keyAt(["cases"]), message }]));
}

function suggestion(word: string, candidates: readonly string[]): string | undefined {
  const near = nearest(word, new Set(candidates));
  return near === undefined ? undefined : `did you mean ${near}?`;
}
