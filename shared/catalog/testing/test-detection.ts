import type { Position } from "../../kql/position.ts";
import type { Dialect } from "../../kql/schema.ts";
import { DIALECTS } from "../../kql/schema.ts";
import type { DetectionFile } from "../detection-file.ts";
import { loadDetectionFile } from "../detection-file.ts";
import type { FileProblem } from "../file-problem.ts";
import type { MutationReport } from "./assess-survivors.ts";
import { assessSurvivors } from "./assess-survivors.ts";
import { requireTests } from "./require-tests.ts";
import type { CaseOutcome } from "./run-cases.ts";
import { runCases } from "./run-cases.ts";
import { runMutants } from "./run-mutants.ts";
import type { TestFile } from "./test-file.ts";
import type { TestedQuery } from "./tested-query.ts";
import { testedQuery } from "./tested-query.ts";

/** Results of one detection's tests. */
export interface DetectionReport {
  readonly file: string;
  /** Problems other than failed cases: invalid files, missing tests, surviving mutants. */
  readonly problems: readonly FileProblem[];
  readonly cases: readonly CaseReport[];
  /** Present where mutation was requested and all cases passed. */
  readonly mutation?: MutationReport;
}

export interface CaseReport {
  readonly name: string;
  /** Test file and position of the case. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly passed: boolean;
  /** One for each distinct failed outcome, with the dialects that have it. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly dialects: readonly Dialect[];
  /** Position of the failure or of the impossible expectation, where it is known. */
  readonly at?: Position & { readonly file: string };
  readonly outcome: Exclude<CaseOutcome, { readonly passed: true }>;
}

/** Runs a detection's cases in both dialects, and its mutants on request. `test`: text of its test file, if any. */
export function testDetection(
  source: { readonly file: string; readonly text: string; readonly test: string | undefined },
  { mutate }: { readonly mutate: boolean },
): DetectionReport {
  const { file } = source;
  const loaded = loadDetectionFile(source.text, file);
  const required = requireTests(file, source.test);
  const checked = "detection" in loaded ? checkedQuery(loaded.detection) : loaded;
  if ("problems" in checked || "problems" in required || !("detection" in loaded))
    return { file, problems: [checked, required].flatMap((one) => ("problems" in one ? one.problems : [])), cases: [] };

  const { tests } = required;
  const problems = unreadTables(checked.tables, tests);
  const cases = caseReports(checked.query, tests, loaded.detection);
  if (!mutate || cases.some(({ passed }) => !passed)) return { file, problems, cases };
  const assessed = assessSurvivors(runMutants(checked.query, tests), loaded.detection, tests);
  return { file, problems: [...problems, ...assessed.problems], cases, mutation: assessed.mutation };
}

function checkedQuery({
  file,
  query,
  locate,
}: DetectionFile):
  | { readonly query: TestedQuery; readonly tables: readonly string[] }
  | { readonly problems: readonly FileProblem[] } {
  const checked = testedQuery(query);
  if ("query" in checked) return checked;
  return { problems: checked.problems.map(({ message, ...place }) => ({ file, ...locate(place), message })) };
}

function caseReports(
  query: TestedQuery,
  tests: TestFile,
  detection: Pick<DetectionFile, "file" | "locate">,
): readonly CaseReport[] {
  const outcomes = DIALECTS.map((dialect) => ({ dialect, outcomes: runCases(query, tests, dialect) }));
  return tests.cases.map(({ name, line, column, expectAt }, index) => {
    const failures = new Map<string, Failure>();
    for (const { dialect, outcomes: all } of outcomes) {
      const outcome = all[index];
      if (outcome === undefined || outcome.passed) continue;
      const key = JSON.stringify(outcome);
      const dialects = [...(failures.get(key)?.dialects ?? []), dialect];
      failures.set(key, { dialects, outcome, ...placeOf(outcome, detection, tests.file, expectAt) });
    }
    return { name, file: tests.file, line, column, passed: failures.size === 0, failures: [...failures.values()] };
  });
}

function placeOf(
  outcome: Failure["outcome"],
  { file, locate }: Pick<DetectionFile, "file" | "locate">,
  testFile: string,
  expectAt: readonly Position[],
): Pick<Failure, "at"> {
  if (outcome.kind === "failed") return outcome.at === undefined ? {} : { at: { file, ...locate(outcome.at) } };
  const row = outcome.kind === "misfit" ? expectAt[outcome.row] : undefined;
  return row === undefined ? {} : { at: { file: testFile, ...row } };
}

/** Problems for rows in tables that the query does not read: a case that expects no result would always pass. */
const unreadTables = (tables: readonly string[], { file, cases }: TestFile): readonly FileProblem[] =>
  cases.flatMap(({ tablesAt }) =>
    Object.entries(tablesAt)
      .filter(([table]) => !tables.includes(table))
      .map(([table, place]) => ({
        file,
        ...place,
        message: `the query does not read ${table}; it reads ${tables.join(", ")}`,
      })),
  );
