import { KqlSemanticError } from "../../kql/kql-error.ts";
import { DIALECTS } from "../../kql/schema.ts";
import type { Dialect } from "../../kql/schema.ts";
import type { DetectionTests } from "./detection-tests.ts";
import type { Mutant } from "./mutants.ts";
import { mutants } from "./mutants.ts";
import { caseRunner } from "./run-cases.ts";
import type { TestedQuery } from "./tested-query.ts";

export interface MutantRun {
  readonly mutant: Mutant;
  /** Name of the first case that notices it; absent: it survives. */
  readonly killedBy?: string;
}

/**
 * Each mutant of a query against its cases, in both dialects. Those that are no valid query, or fail on their way, are left
 * out. The query itself has to pass.
 */
export function runMutants(query: TestedQuery, tests: DetectionTests): readonly MutantRun[] {
  return mutants(query).flatMap((mutant) => {
    const outcomes = DIALECTS.map((dialect) => () => runMutant({ ...query, text: mutant.text }, tests, dialect));
    let isValid = false;
    for (const outcome of outcomes) {
      const found = outcome();
      if (found === "invalid") continue;
      if (found !== "unnoticed") return [{ mutant, noticedBy: found.by }];
      isValid = true;
    }
    return isValid ? [{ mutant }] : [];
  });
}

type MutantOutcome = "invalid" | "unnoticed" | { readonly by: string };

function runMutant(query: TestedQuery, tests: DetectionTests, dialect: Dialect): MutantOutcome {
  try {
    const runCase = caseRunner(query, tests.now, dialect);
    for (const one of tests.cases) {
      const outcome = runCase(one);
      if (outcome.passed) continue;
      return outcome.kind === "failed" ? "invalid" : { by: one.name };
    }
    return "unnoticed";
  } catch (error) {
    if (error instanceof KqlSemanticError) return "invalid";
    throw error;
  }
}
