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
  /** Name of the first case that fails on it; absent: the mutant survives. */
  readonly killedBy?: string;
}

/**
 * Runs each mutant of a query against its cases, in both dialects. Leaves out mutants that are not valid queries or fail at run
 * time. The query itself has to pass its cases.
 */
export function runMutants(query: TestedQuery, tests: DetectionTests): readonly MutantRun[] {
  return mutants(query).flatMap((mutant) => {
    const outcomes = DIALECTS.map((dialect) => () => runMutant({ ...query, text: mutant.text }, tests, dialect));
    let isValid = false;
    for (const outcome of outcomes) {
      const found = outcome();
      if (found === "invalid") continue;
      if (found !== "survived") return [{ mutant, killedBy: found.by }];
      isValid = true;
    }
    return isValid ? [{ mutant }] : [];
  });
}

type MutantOutcome = "invalid" | "survived" | { readonly by: string };

function runMutant(query: TestedQuery, tests: DetectionTests, dialect: Dialect): MutantOutcome {
  try {
    const runCase = caseRunner(query, tests.now, dialect);
    for (const one of tests.cases) {
      const outcome = runCase(one);
      if (outcome.passed) continue;
      return outcome.kind === "failed" ? "invalid" : { by: one.name };
    }
    return "survived";
  } catch (error) {
    if (error instanceof KqlSemanticError) return "invalid";
    throw error;
  }
}
