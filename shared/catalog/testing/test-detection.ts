import type { Position } from "../../kql/language.ts";
import type { Dialect } from "../../kql/schema.ts";
import { DIALECTS } from "../../kql/schema.ts";
import type { DetectionFile } from "../detection-file.ts";
import { loadDetectionFile } from "../detection-file.ts";
import type { FileProblem } from "../file-problem.ts";
import type { MutationReport } from "./judge-survivors.ts";
import { judgeSurvivors } from "./judge-survivors.ts";
import { requireTests } from "./require-tests.ts";
import type { CaseOutcome } from "./run-cases.ts";
import { runCases } from "./run-cases.ts";
import { runMutants } from "./run-mutants.ts";
import type { TestFile } from "./test-file.ts";
import type { TestedQuery } from "./tested-query.ts";
import { testedQuery } from "./tested-query.ts";

/** What the tests of one detection showed. */
export interface DetectionReport {
  readonly file: string;
  /** What is wrong apart from cases: files that can't be read as such, missing tests, mutants that nothing notices. */
  readonly problems: readonly FileProblem[];
  readonly cases: readonly CaseReport[];
  /** Only where it was asked for and all cases passed. */
  readonly mutation?: MutationReport;
}

export interface CaseReport {
  readonly name: string;
  /** Where the case stands. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly passed: boolean;
  /** One for each outcome that is no pass, with the dialects that have it. */
  readonly failures: readonly Failure[];
}

export interface Failure {
  readonly dialects: readonly Dialect[];
  /** Where in the detection's file the query failed, where that is known. */
  readonly at?: Position;
  readonly outcome: Exclude<CaseOutcome, { readonly passed: true }>;
}

/** Runs the cases beside a detection, in both dialects, and its mutants where asked for. `test`: text of its test file, if any. */
export function testDetection(
  source: { readonly file: string; readonly text: string; readonly test: string | undefined },
  { mutate }: { readonly mutate: boolean },
): DetectionReport {
  const { file } = source;
  const loaded = loadDetectionFile(source.text, file);
  const required = requireTests(file, source.test);
  const checked = "detection" in loaded ? checkedQuery(loaded.detection) : loaded;
  const problems = [checked, required].flatMap((one) => ("problems" in one ? one.problems : []));
  if ("problems" in checked || "problems" in required || !("detection" in loaded)) return { file, problems, cases: [] };

  const { tests } = required;
  const cases = caseReports(checked.query, tests, loaded.detection.locate);
  if (!mutate || cases.some(({ passed }) => !passed)) return { file, problems, cases };
  const judged = judgeSurvivors(runMutants(checked.query, tests), loaded.detection, tests);
  return { file, problems: judged.problems, cases, mutation: judged.mutation };
}

function checkedQuery({
  file,
  query,
  locate,
}: DetectionFile): { readonly query: TestedQuery } | { readonly problems: readonly FileProblem[] } {
  const checked = testedQuery(query);
  if ("query" in checked) return checked;
  return { problems: checked.problems.map(({ message, ...place }) => ({ file, ...locate(place), message })) };
}

function caseReports(query: TestedQuery, tests: TestFile, locate: DetectionFile["locate"]): readonly CaseReport[] {
  const outcomes = DIALECTS.map((dialect) => ({ dialect, outcomes: runCases(query, tests, dialect) }));
  return tests.cases.map(({ name, line, column }, index) => {
    const failures = new Map<string, Failure>();
    for (const { dialect, outcomes: all } of outcomes) {
      const outcome = all[index];
      if (outcome === undefined || outcome.passed) continue;
      const key = JSON.stringify(outcome);
      const at = outcome.kind === "failed" && outcome.at !== undefined ? { at: locate(outcome.at) } : {};
      failures.set(key, { dialects: [...(failures.get(key)?.dialects ?? []), dialect], outcome, ...at });
    }
    return { name, file: tests.file, line, column, passed: failures.size === 0, failures: [...failures.values()] };
  });
}
