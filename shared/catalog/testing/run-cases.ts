import type { Analysis } from "../../kql/language.ts";
import { analyse } from "../../kql/language.ts";
import { run } from "../../kql/interpret.ts";
import type { QueryResult } from "../../kql/interpret.ts";
import { KqlRuntimeError, KqlSemanticError, UnsupportedKqlError } from "../../kql/kql-error.ts";
import type { Dialect } from "../../kql/schema.ts";
import type { RowDifference } from "./compare-rows.ts";
import { compareRows } from "./compare-rows.ts";
import type { DetectionCase, DetectionTests } from "./detection-tests.ts";
import { testTable } from "./test-rows.ts";
import type { TestedQuery } from "./tested-query.ts";

export type CaseOutcome =
  | { readonly passed: true }
  /** The query failed on its way. */
  | { readonly passed: false; readonly kind: "failed"; readonly error: string }
  /** The test expects what no row of the result can have. */
  | { readonly passed: false; readonly kind: "misfit"; readonly error: string }
  | { readonly passed: false; readonly kind: "rows"; readonly differences: readonly RowDifference[] };

/** More rows than a test ever needs; what would make them without end stops here. */
const MAX_ROWS = 10_000;

/** Runs a query over the cases in one dialect. Pure: outcomes in the order of the cases. @throws {KqlSemanticError} */
export function runCases(query: TestedQuery, tests: DetectionTests, dialect: Dialect): readonly CaseOutcome[] {
  const runCase = caseRunner(query, tests.now, dialect);
  return tests.cases.map(runCase);
}

/**
 * The same, one case at a time.
 * @throws {KqlSemanticError} the query is not valid in the dialect
 */
export function caseRunner(query: TestedQuery, now: Date, dialect: Dialect): (one: DetectionCase) => CaseOutcome {
  const analysis = analyse(query.front + query.text, dialect);
  const errors = analysis.problems.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new KqlSemanticError(errors);
  return (one) => {
    const result = answer(analysis, one, now, dialect);
    if (typeof result === "string") return { passed: false, kind: "failed", error: result };
    const compared = compareRows(one.expect, result, now, query.collectsSets);
    if ("misfit" in compared) return { passed: false, kind: "misfit", error: compared.misfit };
    const { differences } = compared;
    return differences.length === 0 ? { passed: true } : { passed: false, kind: "rows", differences };
  };
}

function answer(analysis: Analysis, one: DetectionCase, now: Date, dialect: Dialect): QueryResult | string {
  const tables = Object.fromEntries(
    Object.entries(one.tables).map(([table, rows]) => [table, testTable(table, rows, dialect, now)]),
  );
  try {
    const result = run(analysis, { tables, now, dialect, maxRows: MAX_ROWS });
    return result.truncated ? `the query answers more than ${MAX_ROWS} rows` : result;
  } catch (error) {
    if (error instanceof KqlRuntimeError || error instanceof UnsupportedKqlError) return error.message;
    throw error;
  }
}
