import { KqlRuntimeError } from "./kql-error.ts";
import type { Analysis } from "./language.ts";
import { analyse, resultColumns } from "./language.ts";
import { positionOf } from "./position.ts";
import { nameText } from "./name-text.ts";
import { tooDeep } from "./nesting.ts";
import type { QueryProblem } from "./query-problem.ts";
import type { QueryPurpose } from "./query-purpose.ts";
import { DETECTION } from "./query-purpose.ts";
import { refusals } from "./refusals.ts";
import { resultMisfits } from "./result-misfit.ts";
import type { Column } from "./schema.ts";
import type { DialectAnalysis } from "./semantic-problems.ts";
import { semanticProblems, semanticWarnings } from "./semantic-problems.ts";
import { syntaxProblems } from "./syntax-problems.ts";
import type { SyntaxView } from "./syntax.ts";
import { child, list, nodeName, optionalChild, walk } from "./syntax.ts";

/** A query that is valid for its purpose. */
export interface CheckedQuery {
  /** Tables that it reads, by name. */
  readonly tables: readonly string[];
  /** Whether it names the column TimeGenerated. */
  readonly namesTimeGenerated: boolean;
  /** Columns of its result in every dialect. */
  readonly columns: readonly Column[];
  /** Nodes of its let statements and of its one tabular expression, over the query's own text. */
  readonly lets: readonly SyntaxView[];
  readonly expression: SyntaxView;
  /** Warnings: the query is valid, and may not mean what its author intended. */
  readonly warnings: readonly QueryProblem[];
}

export type Validation = { readonly checked: CheckedQuery } | { readonly problems: readonly QueryProblem[] };

/** Makes the text before the query, which gives each table its `Timestamp`. Ends with a line break. */
export type Prelude = (tables: readonly string[], namesTimeGenerated: boolean) => string;

/** For a query that runs without a prelude. */
export const NO_PRELUDE: Prelude = () => "";

/**
 * Checks a query for its purpose: it has to be valid in the purpose's dialects after the prelude, have one tabular statement over
 * the purpose's tables, read by name, and answer the purpose's columns. Problems are in the order of the text.
 */
export function validateQuery(text: string, prelude: Prelude, purpose: QueryPurpose = DETECTION): Validation {
  const deep = tooDeep(text);
  if (deep !== undefined) return { problems: [deep] };
  try {
    return validateShallow(text, prelude, purpose);
  } catch (error) {
    // The language service took too long: its time doubles with each let statement that reads the one before it twice.
    if (error instanceof KqlRuntimeError) return problemAt(text, 0, error.message);
    throw error;
  }
}

function validateShallow(text: string, prelude: Prelude, purpose: QueryPurpose): Validation {
  const alone = analyse(text, "log-analytics");
  if (alone.code.Kind !== "Query")
    return problemAt(text, 0, `this is a management command; ${purpose.noun} is a query over a ${purpose.tableNoun}`);

  const tables = tablesOf(alone.syntax, purpose);
  const namesTimeGenerated = names(alone.syntax, "TimeGenerated");
  const unreadable = syntaxProblems(alone);
  const { lets, expression, problems: misplaced } = statementsOf(alone);
  // Where a syntax error splits the text into several statements, problems about names mean nothing.
  if (unreadable.length > 0 && (misplaced.length > 0 || expression === undefined)) return { problems: unreadable };
  if (expression === undefined) return { problems: misplaced };
  const refused = [...misplaced, ...refusals(alone, purpose)];
  if (refused.length > 0) return { problems: inOrder([...unreadable, ...refused]) };

  const front = prelude(tables, namesTimeGenerated);
  const analyses = purpose.dialects.map((dialect): DialectAnalysis => ({
    dialect,
    analysis: analyse(front + text, dialect),
  }));
  const analysed = { query: text, front, analyses };
  const unreadableLines = new Set(unreadable.map(({ line }) => line));
  const semantic = semanticProblems(analysed, tables, purpose).filter(({ line }) => !unreadableLines.has(line));
  if (unreadable.length + semantic.length > 0) return { problems: inOrder([...unreadable, ...semantic]) };
  if (tables.length === 0)
    return problemAt(
      text,
      expression.TextStart,
      `it reads no ${purpose.tableNoun}; name one, such as ${purpose.tables[0]}`,
    );

  const columns = commonColumns(analyses.map(({ analysis }) => resultColumns(analysis)));
  const misfits = resultMisfits(columns, purpose);
  if (misfits.length > 0) {
    const at = positionOf(text, lastOperator(expression).TextStart);
    return { problems: misfits.map((message) => ({ ...at, message })) };
  }
  const warnings = semanticWarnings(analysed);
  return { checked: { tables, namesTimeGenerated, columns, lets, expression, warnings } };
}

const problemAt = (text: string, offset: number, message: string): Validation => ({
  problems: [{ ...positionOf(text, offset), message }],
});

const inOrder = (problems: readonly QueryProblem[]): readonly QueryProblem[] =>
  problems.toSorted((a, b) => a.line - b.line || a.column - b.column);

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

/** Names of the tables that are read, sorted. Names that the query declares are variables, not tables. */
function tablesOf(root: SyntaxView, { tables }: QueryPurpose): readonly string[] {
  const found = new Set<string>();
  for (const node of walk(root)) {
    const symbol = node.ReferencedSymbol;
    if (
      nodeName(node) === "NameReference" &&
      symbol &&
      nodeName(symbol) === "TableSymbol" &&
      tables.includes(symbol.Name)
    )
      found.add(symbol.Name);
  }
  return [...found].toSorted();
}

function names(root: SyntaxView, column: string): boolean {
  for (const node of walk(root))
    if (/^(?:Token|Bracketed)Name$/.test(nodeName(node)) && nameText(node) === column) return true;
  return false;
}

const lastOperator = (expression: SyntaxView): SyntaxView => optionalChild(expression, "Operator") ?? expression;

/** Columns common to all results, in the order of the first. Where the types differ the column is dynamic, which every conversion accepts. */
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
