import type { SyntaxView } from "../../kql/syntax.ts";
import { child, list, nodeName, optionalChild } from "../../kql/syntax.ts";
import type { Edit } from "./edit.ts";

/** Replacement of an aggregate by name. */
const AGGREGATES: Readonly<Record<string, string>> = {
  min: "max",
  max: "min",
  minif: "maxif",
  maxif: "minif",
  arg_min: "arg_max",
  arg_max: "arg_min",
  make_set: "make_list",
  make_set_if: "make_list_if",
  sum: "max",
  avg: "max",
};

/** Replacements of the whole call. */
const REWRITTEN: ReadonlyMap<string, string> = new Map([
  ["count", "max(long(1))"],
  ["countif", "count()"],
  ["dcount", "count()"],
]);

/** Prefixes of Kusto's default column names, where they differ from the function's name. */
const PREFIXES: Readonly<Record<string, string>> = { make_set: "set", make_set_if: "set" };

/** Changes of a summarize: an aggregate replaced, and the grouping without each one of its keys. */
export function summarizeEdits(node: SyntaxView, text: string): readonly Edit[] {
  if (nodeName(node) !== "SummarizeOperator") return [];
  const aggregates = list(node, "Aggregates");
  return [...aggregates.flatMap((aggregate) => aggregateEdits(aggregate, text)), ...ungrouped(node, aggregates, text)];
}

function aggregateEdits(aggregate: SyntaxView, text: string): readonly Edit[] {
  const call = nodeName(aggregate) === "SimpleNamedExpression" ? child(aggregate, "Expression") : aggregate;
  if (nodeName(call) !== "FunctionCallExpression") return [];
  const name = written(child(call, "Name"), text);
  const other = AGGREGATES[name];
  const to = other === undefined ? REWRITTEN.get(name) : other + text.slice(child(call, "Name").End, call.End);
  if (to === undefined) return [];
  // The replacement would have another default name, and the rest of the query would not find the column.
  const label = call === aggregate ? defaultName(name, call, text) : undefined;
  const replacement = label === undefined ? to : `${label} = ${to}`;
  return [{ start: call.TextStart, end: call.End, replacement, from: written(call, text), to }];
}

/** Kusto's default column name: `min_Timestamp`, `count_`; `undefined` where there are several columns or it is not known. */
function defaultName(name: string, call: SyntaxView, text: string): string | undefined {
  if (name.startsWith("arg_")) return undefined;
  const [argument] = list(child(call, "ArgumentList"), "Expressions");
  if (argument !== undefined && nodeName(argument) !== "NameReference") return undefined;
  return `${PREFIXES[name] ?? name}_${argument === undefined ? "" : written(argument, text)}`;
}

/** Drops each key; its column stays, with the value of any row of the larger group. */
function ungrouped(node: SyntaxView, aggregates: readonly SyntaxView[], text: string): readonly Edit[] {
  const clause = optionalChild(node, "ByClause");
  if (clause === undefined) return [];
  const keys = list(clause, "Expressions");
  const [first] = aggregates;
  const start = first?.TextStart ?? clause.TextStart;
  return keys.map((dropped) => {
    const remaining = keys.filter((key) => key !== dropped).map((key) => written(key, text));
    const columns = [...aggregates.map((aggregate) => written(aggregate, text)), ...anyOf(dropped, text)];
    const byClause = remaining.length === 0 ? "" : `by ${remaining.join(", ")}`;
    return {
      start,
      end: clause.End,
      replacement: `${columns.join(", ")} ${byClause}`.trim(),
      from: written(clause, text),
      to: byClause === "" ? "no by" : byClause,
    };
  });
}

function anyOf(key: SyntaxView, text: string): readonly string[] {
  if (nodeName(key) === "NameReference") return [`${written(key, text)} = take_any(${written(key, text)})`];
  if (nodeName(key) !== "SimpleNamedExpression") return [];
  return [`${written(child(key, "Name"), text)} = take_any(${written(child(key, "Expression"), text)})`];
}

const written = (node: SyntaxView, text: string): string => text.slice(node.TextStart, node.End);
