import type { SyntaxView } from "../syntax.ts";
import type { Value } from "../value.ts";
import { MAX_TEXT } from "../value.ts";
import type { Relation, Row } from "./relation.ts";
import type { Scope } from "./scope.ts";
import { fail } from "./scope.ts";

/** Limits of one execution. */
export interface Bounds {
  /** Most rows read from tables and made by range, mv-expand, join and lookup, in total. */
  readonly maxIntermediateRows: number;
  /** Most rows, groups and elements kept in memory, in total: by sort, join, summarize, distinct and the result. */
  readonly maxHeldRows: number;
}

export const DEFAULT_BOUNDS: Bounds = { maxIntermediateRows: 20_000_000, maxHeldRows: 4_000_000 };

/** Most elements of a list that a function makes: the maximum of make_list(). */
export const MAX_ELEMENTS = 1_048_576;

/** Cost, in rows, of expanding one call of a query's function: nested calls multiply before any row is read. */
const CALL_COST = 1000;

/** The remaining budget. Counted, not timed: the same query over the same rows always ends at the same point. */
export interface Budget {
  readonly bounds: Bounds;
  rowsLeft: number;
  heldRowsLeft: number;
}

export const budgetOf = (bounds: Bounds): Budget => ({
  bounds,
  rowsLeft: bounds.maxIntermediateRows,
  heldRowsLeft: bounds.maxHeldRows,
});

const count = (value: number): string => value.toLocaleString("en-US");

function spend(scope: Scope, at: SyntaxView, rows = 1): void {
  const { budget } = scope.execution;
  budget.rowsLeft -= rows;
  if (budget.rowsLeft < 0)
    fail(
      scope,
      `the query reads and makes more than ${count(budget.bounds.maxIntermediateRows)} rows on its way; filter earlier, or over fewer rows:`,
      at,
    );
}

export const spendCall = (scope: Scope, at: SyntaxView): void => spend(scope, at, CALL_COST);

export function hold(scope: Scope, at: SyntaxView, rows = 1): void {
  const { budget } = scope.execution;
  budget.heldRowsLeft -= rows;
  if (budget.heldRowsLeft < 0)
    fail(
      scope,
      `the query keeps more than ${count(budget.bounds.maxHeldRows)} rows in memory; filter earlier, or keep fewer rows:`,
      at,
    );
}

/** Cost, in rows, of keeping a value in memory: a long text costs more than one. */
export const weight = (value: Value): number => (typeof value === "string" ? 1 + (value.length >>> 8) : 1);

/** Charges each scan and each row of a relation that may have more rows than its input. */
export const metered = (relation: Relation, scope: Scope, at: SyntaxView): Relation => ({
  ...relation,
  scan: (emit) => {
    spend(scope, at);
    relation.scan((row) => {
      spend(scope, at);
      return emit(row);
    });
  },
});

/** Collects all rows, in order, and charges them as kept in memory. */
export function collectRows(relation: Relation, scope: Scope, at: SyntaxView): Row[] {
  const rows: Row[] = [];
  relation.scan((row) => {
    hold(scope, at);
    rows.push(row);
    return false;
  });
  return rows;
}

/** Returns a value that a function has made; fails if it is too large. */
export function bounded(value: Value, scope: Scope, at: SyntaxView): Value {
  if (typeof value === "string" && value.length > MAX_TEXT)
    return fail(scope, `a text longer than ${count(MAX_TEXT)} characters; cut it with substring():`, at);
  if (Array.isArray(value) && value.length > MAX_ELEMENTS)
    return fail(scope, `a list of more than ${count(MAX_ELEMENTS)} elements; cut it with array_slice():`, at);
  return value;
}
