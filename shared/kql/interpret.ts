import { ticksOfDate } from "./datetime.ts";
import { within } from "./deadline.ts";
import { analyse } from "./language.ts";
import { positionOf } from "./position.ts";
import type { Analysis } from "./language.ts";
import type { Problem } from "./problem.ts";
import { KqlRuntimeError, KqlSemanticError } from "./kql-error.ts";
import type { Column, Dialect, Schema } from "./schema.ts";
import { COLUMN_TYPES, SCHEMAS } from "./schema.ts";
import type { Bounds } from "./interpret/budget.ts";
import { DEFAULT_BOUNDS, budgetOf, hold, weight } from "./interpret/budget.ts";
import { bindStatements } from "./interpret/statements.ts";
import { compileTabular, isTabular } from "./interpret/tabular.ts";
import type { Scope } from "./interpret/scope.ts";
import { unsupported } from "./interpret/scope.ts";
import { TOO_DEEP, deepAt } from "./nesting.ts";
import type { SyntaxView } from "./syntax.ts";
import { child, list, nodeName } from "./syntax.ts";
import type { TableData } from "./table-data.ts";
import type { Value } from "./value.ts";

export interface ExecuteOptions extends Partial<Bounds> {
  /** Default: log-analytics. */
  readonly dialect?: Dialect;
  /** Rows by table. A table of the schema without an entry is empty; an entry that the schema lacks is added to it. */
  readonly tables: Readonly<Record<string, TableData>>;
  /** Value of `now()`. */
  readonly now: Date;
  /** Most rows of the result; more are cut off, and `truncated` is true. Default: no limit. */
  readonly maxRows?: number;
  /** Milliseconds for the run, without the analysis; the counted bounds end most queries long before. Default: 60,000. */
  readonly deadlineMs?: number;
  /** Limits every table by event time, both ends included, as the query API's timespan does. */
  readonly timeRange?: { readonly from: Date; readonly to: Date };
}

export interface QueryResult {
  readonly columns: readonly Column[];
  /** Values in the interpreter's form (`value.ts`). */
  readonly rows: readonly (readonly Value[])[];
  readonly truncated: boolean;
}

const DEFAULT_DEADLINE = 60_000;

/**
 * Runs a query over rows in memory.
 * @throws {KqlSemanticError} when the text is not a valid query against the schema
 * @throws {UnsupportedKqlError} when it uses a construct that the interpreter does not know
 * @throws {KqlRuntimeError} when it fails at run time, or exceeds a bound
 */
export function execute(text: string, options: ExecuteOptions): QueryResult {
  const offset = deepAt(text);
  if (offset !== undefined) throw new KqlSemanticError([nestingProblem(text, offset)]);
  return endingClearly(() => {
    const analysis = analyse(text, schemaWith(options.dialect ?? "log-analytics", options.tables));
    const errors = analysis.problems.filter(({ severity }) => severity === "error");
    if (errors.length > 0) throw new KqlSemanticError(errors);
    return within(options.deadlineMs ?? DEFAULT_DEADLINE, () => evaluate(analysis, options));
  });
}

const nestingProblem = (text: string, offset: number): Problem => ({
  ...positionOf(text, offset),
  code: "nesting",
  message: TOO_DEEP,
  length: 1,
  severity: "error",
  kind: "syntax",
  offset,
});

/** Turns JavaScript's own limits (call stack, text length) into the query's error. */
function endingClearly<T>(task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const problem = /call stack/.test(error.message)
      ? "the query is nested too deep, or chains too many operators; take it apart with let statements, and write has_any or in for many ors"
      : `a value has grown too large: ${error.message}`;
    throw new KqlRuntimeError(problem, undefined, { cause: error });
  }
}

/** Runs an analysed query without errors, for queries that run many times. Throws the run-time errors of `execute`. */
export const run = (analysis: Analysis, options: ExecuteOptions): QueryResult =>
  endingClearly(() => within(options.deadlineMs ?? DEFAULT_DEADLINE, () => evaluate(analysis, options)));

function evaluate(analysis: Analysis, options: ExecuteOptions): QueryResult {
  const { tables, now, maxRows, timeRange, dialect } = options;
  const column = dialect === "defender-xdr" ? "Timestamp" : "TimeGenerated";
  const outermost: Scope = {
    execution: {
      text: analysis.text,
      nowTicks: ticksOfDate(now),
      tables: new Map(Object.entries(tables)),
      budget: budgetOf({
        maxIntermediateRows: options.maxIntermediateRows ?? DEFAULT_BOUNDS.maxIntermediateRows,
        maxHeldRows: options.maxHeldRows ?? DEFAULT_BOUNDS.maxHeldRows,
      }),
      ...(timeRange && { range: { column, from: ticksOfDate(timeRange.from), to: ticksOfDate(timeRange.to) } }),
    },
    bindings: new Map(),
  };
  if (analysis.code.Kind !== "Query")
    return unsupported(outermost, `a ${analysis.code.Kind.toLowerCase()}`, analysis.syntax);
  const { statements, expression } = splitQuery(analysis.syntax, outermost);
  const relation = compileTabular(expression, bindStatements(statements, outermost));
  const columns = relation.columns.map(({ name, type }) => ({ name, type: columnType(type) }));
  const getters = relation.columns.map(({ get }) => get);
  const rows: Value[][] = [];
  let truncated = false;
  relation.scan((row) => {
    if (maxRows !== undefined && rows.length >= maxRows) {
      truncated = true;
      return true;
    }
    const values = getters.map((get) => get(row));
    hold(outermost, expression, Math.max(...values.map(weight), 1));
    rows.push(values);
    return false;
  });
  return { columns, rows, truncated };
}

const columnType = (type: string): Column["type"] => COLUMN_TYPES.find((known) => known === type) ?? "dynamic";

/** Splits a query into its let statements and its one tabular expression. */
function splitQuery(
  root: SyntaxView,
  scope: Scope,
): { readonly statements: readonly SyntaxView[]; readonly expression: SyntaxView } {
  const all = list(root, "Statements");
  const last = all.at(-1);
  if (last === undefined || nodeName(last) !== "ExpressionStatement")
    throw new KqlRuntimeError("the query has no tabular statement at its end");
  const expression = child(last, "Expression");
  if (!isTabular(expression)) return unsupported(scope, "a result that is no table", expression);
  return { statements: all.slice(0, -1), expression };
}

const extended = new Map<string, Schema>();

/** The dialect's schema, extended by tables and columns of the given data. The same additions give the same object. */
function schemaWith(dialect: Dialect, tables: Readonly<Record<string, TableData>>): Schema {
  const schema = SCHEMAS[dialect];
  const additions: Record<string, readonly Column[]> = {};
  for (const [name, { columns }] of Object.entries(tables)) {
    const known = schema[name] ?? [];
    const names = new Set(known.map((column) => column.name));
    const more = columns.filter((column) => !names.has(column.name));
    if (more.length > 0) additions[name] = [...known, ...more];
  }
  if (Object.keys(additions).length === 0) return schema;
  const key = JSON.stringify([dialect, additions]);
  const made = extended.get(key) ?? { ...schema, ...additions };
  extended.set(key, made);
  return made;
}
