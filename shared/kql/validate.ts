import type { Analysis, Position, Problem } from "./language.ts";
import { analyse, positionOf, resultColumns } from "./language.ts";
import { nearest } from "./nearest.ts";
import { tooDeep } from "./nesting.ts";
import { refusals } from "./refusals.ts";
import type { Column, Dialect } from "./schema.ts";
import { DEVICE_TABLES, DIALECTS, SCHEMAS } from "./schema.ts";
import type { SyntaxView } from "./syntax.ts";
import { child, list, nodeName, optionalChild, tokenText, walk } from "./syntax.ts";

/** Position in the query's own text; the message says what and how to mend it. */
export interface QueryProblem extends Position {
  readonly message: string;
}

/** A query that may run as a detection. */
export interface CheckedQuery {
  /** Device tables that it reads, by name. */
  readonly tables: readonly string[];
  /** It names the column TimeGenerated. */
  readonly namesTimeGenerated: boolean;
  /** Columns of its result that both dialects have. */
  readonly columns: readonly Column[];
  /** Its let statements, then its one tabular expression: nodes over the query's own text. */
  readonly lets: readonly SyntaxView[];
  readonly expression: SyntaxView;
}

export type Validation = { readonly checked: CheckedQuery } | { readonly problems: readonly QueryProblem[] };

/** What stands in front of the query when it runs: it gives each table its `Timestamp`. Ends with a line break. */
export type Prelude = (tables: readonly string[], namesTimeGenerated: boolean) => string;

/**
 * Whether a query may run as a detection: valid in both dialects with the prelude in front, one tabular statement over Device
 * tables known by name, with a DeviceId in its result. Problems are in the order of the text.
 */
export function validateQuery(text: string, prelude: Prelude): Validation {
  const deep = tooDeep(text);
  if (deep !== undefined) return { problems: [deep] };
  const alone = analyse(text, "log-analytics");
  if (alone.code.Kind !== "Query")
    return problemAt(text, 0, "this is a management command; a detection is a query over Device tables");
  const unreadable = alone.problems.filter(({ kind, severity }) => kind === "syntax" && severity === "error");
  if (unreadable.length > 0)
    return { problems: unreadable.map(({ line, column, message }) => ({ line, column, message })) };

  const { lets, expression, problems: misplaced } = statementsOf(alone);
  if (expression === undefined) return { problems: misplaced };
  const refused = [...misplaced, ...refusals(alone)];
  if (refused.length > 0) return { problems: refused };

  const tables = tablesOf(alone.syntax);
  const namesTimeGenerated = names(alone.syntax, "TimeGenerated");
  const front = prelude(tables, namesTimeGenerated);
  const analyses = DIALECTS.map((dialect) => ({ dialect, analysis: analyse(front + text, dialect) }));
  const problems = semanticProblems(text, front, analyses, tables);
  if (problems.length > 0) return { problems };
  if (tables.length === 0)
    return problemAt(
      text,
      expression.TextStart,
      "it reads no Device table; name one, such as DeviceFileCertificateInfo",
    );

  const columns = commonColumns(analyses.map(({ analysis }) => resultColumns(analysis)));
  const misfit = deviceIdMisfit(columns);
  if (misfit !== undefined) return problemAt(text, lastOperator(expression).TextStart, misfit);
  return { checked: { tables, namesTimeGenerated, columns, lets, expression } };
}

const problemAt = (text: string, offset: number, message: string): Validation => ({
  problems: [{ ...positionOf(text, offset), message }],
});

function statementsOf({ syntax, text }: Analysis): {
  readonly lets: readonly SyntaxView[];
  readonly expression: SyntaxView | undefined;
  readonly problems: readonly QueryProblem[];
} {
  const statements = list(syntax, "Statements");
  const problems: QueryProblem[] = [];
  const refuse = (at: number, message: string): void => void problems.push({ ...positionOf(text, at), message });
  const tabular = statements.filter((statement) => nodeName(statement) === "ExpressionStatement");
  const lets = statements.filter((statement) => nodeName(statement) === "LetStatement");
  for (const statement of statements)
    if (!tabular.includes(statement) && !lets.includes(statement))
      refuse(statement.TextStart, "only let statements may stand before the query; take this statement out");
  for (const extra of tabular.slice(1))
    refuse(extra.TextStart, "a second tabular statement; keep one, and put the others into let statements or a union");
  const last = statements.at(-1);
  if (last === undefined || tabular.length === 0) refuse(0, "there is no query; write one tabular statement");
  else if (lets.includes(last)) refuse(last.TextStart, "this let stands after the query; put it before");
  const first = tabular[0];
  return { lets, expression: first && child(first, "Expression"), problems };
}

/** Tables that are read, sorted. Names of the query's own are variables, not tables. */
function tablesOf(root: SyntaxView): readonly string[] {
  const found = new Set<string>();
  for (const node of walk(root)) {
    const symbol = node.ReferencedSymbol;
    if (
      nodeName(node) === "NameReference" &&
      symbol &&
      nodeName(symbol) === "TableSymbol" &&
      DEVICE_TABLES.includes(symbol.Name)
    )
      found.add(symbol.Name);
  }
  return [...found].toSorted();
}

function names(root: SyntaxView, column: string): boolean {
  for (const node of walk(root)) if (nodeName(node) === "TokenName" && tokenTextOf(node) === column) return true;
  return false;
}

const tokenTextOf = (name: SyntaxView): string => tokenText(optionalChild(name, "Name") ?? name);

/** Why a result with those columns does not tell devices apart; `undefined` where it does. */
function deviceIdMisfit(columns: readonly Column[]): string | undefined {
  const found = columns.find(({ name }) => name === "DeviceId");
  if (found?.type === "string") return undefined;
  if (found !== undefined)
    return `DeviceId is a ${found.type} in the result and has to be the string of one device; take it as it is in the table`;
  const near = columns.find(({ name }) => name.toLowerCase() === "deviceid");
  return near === undefined
    ? "the result has no column DeviceId, by which devices are told apart; keep it in the last project or summarize … by"
    : `the result has ${near.name} and no column DeviceId; names of columns are case-sensitive`;
}

const lastOperator = (expression: SyntaxView): SyntaxView => optionalChild(expression, "Operator") ?? expression;

/** By name, in the order of the first; where the types differ it is a dynamic, which every conversion takes. */
function commonColumns(results: readonly (readonly Column[])[]): readonly Column[] {
  const [first = [], ...others] = results;
  return first.flatMap((column) => {
    const same = others.map((columns) => columns.find(({ name }) => name === column.name));
    if (same.includes(undefined)) return [];
    return [
      same.every((other) => other?.type === column.type) ? column : { name: column.name, type: "dynamic" as const },
    ];
  });
}

/** A fuzzy union only warns of a table that it does not know (KS205), and then reads it past the planned window. */
const refuses = ({ severity, code }: Problem): boolean => severity === "error" || code === "KS205";

/** Errors of both dialects, positions in the query's own text, each said once. */
function semanticProblems(
  text: string,
  front: string,
  analyses: readonly { readonly dialect: Dialect; readonly analysis: Analysis }[],
  tables: readonly string[],
): readonly QueryProblem[] {
  const found = new Map<string, { readonly problem: Problem; readonly dialects: Dialect[] }>();
  for (const { dialect, analysis } of analyses)
    for (const problem of analysis.problems.filter(refuses)) {
      if (problem.offset < front.length) throw new Error(`the prelude is not valid: ${problem.message} in\n${front}`);
      const key = `${problem.offset} ${problem.message}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, { problem, dialects: [dialect] });
      else known.dialects.push(dialect);
    }
  return [...found.values()]
    .toSorted((a, b) => a.problem.offset - b.problem.offset)
    .map(({ problem, dialects }) => {
      const offset = problem.offset - front.length;
      const word = text.slice(offset, offset + problem.length);
      return {
        ...positionOf(text, offset),
        message: `${problem.message}${hint(problem.code, word, dialects, tables)}`,
      };
    });
}

function hint(code: string, word: string, dialects: readonly Dialect[], tables: readonly string[]): string {
  if (code === "KS204" || code === "KS205") {
    const near = nearest(word, DEVICE_TABLES);
    return near === undefined ? ` A detection may read ${DEVICE_TABLES.join(", ")}.` : ` Did you mean ${near}?`;
  }
  if (code === "KS201" && DEVICE_TABLES.includes(word)) return ` ${word} is a table: give the let another name.`;
  const [only] = dialects;
  if (only !== undefined && dialects.length < DIALECTS.length) {
    const place = only === "log-analytics" ? "Log Analytics" : "Defender XDR";
    if (code !== "KS142") return ` (in ${place})`;
    return ` ${place} lacks it: write column_ifexists("${word}", "") in its place.`;
  }
  if (code !== "KS142") return "";
  const near = nearest(word, new Set(tables.flatMap((table) => columnNames(table))));
  if (near === word) return ` An operator before has dropped the column: keep it there.`;
  return near === undefined ? "" : ` Did you mean ${near}?`;
}

const columnNames = (table: string): string[] =>
  DIALECTS.flatMap((dialect) => (SCHEMAS[dialect][table] ?? []).map(({ name }) => name));
