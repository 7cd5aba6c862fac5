import type { QueryWindow } from "../../core/pack.ts";
import { bindQuery } from "../../core/pack.ts";
import { analyse } from "../../kql/language.ts";
import { child, nodeName, walk } from "../../kql/syntax.ts";
import type { QueryProblem } from "../../kql/query-problem.ts";
import { validateQuery } from "../../kql/validate.ts";
import { preludeParts } from "../prelude.ts";

/** A query in the form that its tests run: with a `Timestamp` in both dialects, and without a planned window. */
export interface TestedQuery {
  /** The prelude before the text: ends with a line break, or is empty. */
  readonly front: string;
  readonly text: string;
  /** The query collects sets (`make_set`), whose order Kusto does not promise: its lists are compared as sets. */
  readonly collectsSets: boolean;
}

const BEGINNING = new Date("0001-01-01T00:00:00Z");
const END = new Date("9999-12-31T00:00:00Z");

/** A window that contains every row with a time. */
const EVERYTHING: QueryWindow = { from: BEGINNING, to: END, since: END, horizon: END };

const frontOf = (tables: readonly string[], namesTimeGenerated: boolean): string =>
  bindQuery(preludeParts(tables, namesTimeGenerated), EVERYTHING, "all");

/** Validates a detection's query; returns it with the tables that it reads. */
export function testedQuery(
  text: string,
):
  | { readonly query: TestedQuery; readonly tables: readonly string[] }
  | { readonly problems: readonly QueryProblem[] } {
  const validation = validateQuery(text, frontOf);
  if ("problems" in validation) return validation;
  const { tables, namesTimeGenerated } = validation.checked;
  return { query: { front: frontOf(tables, namesTimeGenerated), text, collectsSets: collectsSets(text) }, tables };
}

function collectsSets(text: string): boolean {
  for (const node of walk(analyse(text, "log-analytics").syntax))
    if (nodeName(node) === "FunctionCallExpression" && /^make_set(?:_if)?$/.test(child(node, "Name").toString().trim()))
      return true;
  return false;
}
