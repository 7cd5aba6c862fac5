import type { Analysis } from "../../kql/language.ts";
import type { Position } from "../../kql/position.ts";
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
  /** The query failed at run time. `at`: position in the query's own text, where it is known. */
  | { readonly passed: false; readonly kind: "failed"; readonly error: string; readonly at?: Position }
  /** No row of the result can match the expectation; `row`: index of the expected row. */
  | { readonly passed: false; readonly kind: "misfit"; readonly error: string; readonly row: number }
  | { readonly passed: false; readonly kind: "rows"; readonly differences: readonly RowDifference[] };

/** More rows than a test needs: a query that makes rows without end stops here. */
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
    if ("error" in result) return { passed: false, kind: "failed", ...inOwnText(result, query.front) };
    const compared = compareRows(one.expect, result, now, query.collectsSets);
    if ("misfit" in compared) return { passed: false, kind: "misfit", error: compared.misfit, row: compared.row };
    const { differences } = compared;
    return differences.length === 0 ? { passed: true } : { passed: false, kind: "rows", differences };
  };
}

type Answer = QueryResult | { readonly error: string; readonly at?: Position };

function answer(analysis: Analysis, one: DetectionCase, now: Date, dialect: Dialect): Answer {
  const tables = Object.fromEntries(
    Object.entries(one.tables).map(([table, rows]) => [table, testTable(table, rows, dialect, now)]),
  );
  try {
    const result = run(analysis, { tables, now, dialect, maxRows: MAX_ROWS });
    return result.truncated ? { error: `the query answers more than ${MAX_ROWS} rows` } : result;
  } catch (error) {
    if (error instanceof UnsupportedKqlError)
      return { error: `unsupported: ${error.construct}`, at: { line: error.line, column: error.column } };
    // An invalid regular expression surfaces as JavaScript's own error.
    if (error instanceof KqlRuntimeError || error instanceof SyntaxError) return { error: error.message };
    throw error;
  }
}

/** Turns a position in the whole text into one in the query: the prelude before it ends with a line break. */
function inOwnText(failure: Exclude<Answer, QueryResult>, front: string): Exclude<Answer, QueryResult> {
  const { error, at } = failure;
  return at === undefined ? { error } : { error, at: { ...at, line: at.line - front.split("\n").length + 1 } };
}
