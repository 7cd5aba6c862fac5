import type { SyntaxView } from "../syntax.ts";
import { child, nodeName, tableColumns } from "../syntax.ts";
import { argumentsOf, callTabular } from "./function-call.ts";
import { metered } from "./budget.ts";
import { compile, simpleName } from "./expression.ts";
import type { Relation } from "./relation.ts";
import type { Scope } from "./scope.ts";
import { NO_ROW, unsupported, withRow } from "./scope.ts";
import { columnsToKeep, distinct, extend, project, rename, serialize } from "./tabular/columns.ts";
import { join } from "./tabular/join.ts";
import { lookup } from "./tabular/lookup.ts";
import { mvExpand } from "./tabular/mv-expand.ts";
import { count, take, where } from "./tabular/rows.ts";
import { sort, top } from "./tabular/sort.ts";
import { dataTable, print, range, tableNamed } from "./tabular/sources.ts";
import { summarize } from "./tabular/summarize.ts";
import { union } from "./tabular/union.ts";

/** One operator after a pipe: its node, its input, names around it (columns of the input among them). */
export type Operator = (node: SyntaxView, input: Relation, scope: Scope) => Relation;

/** Operators by class of node. Add one there, its file in `tabular/`. */
const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ["FilterOperator", where],
  ["ExtendOperator", extend],
  ["ProjectOperator", project],
  ["ProjectAwayOperator", columnsToKeep],
  ["ProjectKeepOperator", columnsToKeep],
  ["ProjectReorderOperator", columnsToKeep],
  ["ProjectRenameOperator", rename],
  ["SummarizeOperator", summarize],
  ["DistinctOperator", distinct],
  ["CountOperator", count],
  ["TakeOperator", take],
  ["TopOperator", top],
  ["SortOperator", sort],
  ["SerializeOperator", serialize],
  ["MvExpandOperator", mvExpand],
  ["JoinOperator", join],
  ["LookupOperator", lookup],
  ["UnionOperator", union],
]);

/** What stands first in a pipe. */
const SOURCES: ReadonlyMap<string, (node: SyntaxView, scope: Scope) => Relation> = new Map([
  ["PrintOperator", print],
  ["RangeOperator", range],
  ["DataTableExpression", dataTable],
  ["UnionOperator", (node: SyntaxView, scope: Scope) => union(node, undefined, scope)],
]);

export const isTabular = (node: SyntaxView): boolean => tableColumns(node.ResultType) !== undefined;

/** A tabular expression as a relation. @throws {UnsupportedKqlError} */
export function compileTabular(node: SyntaxView, scope: Scope): Relation {
  const relation = compileNode(node, scope);
  assertColumns(node, relation);
  return relation;
}

/** Operators that may make more rows than they read. */
const MULTIPLYING: ReadonlySet<string> = new Set(["MvExpandOperator", "JoinOperator", "LookupOperator"]);

function compileNode(node: SyntaxView, scope: Scope): Relation {
  const name = nodeName(node);
  switch (name) {
    case "PipeExpression": {
      const input = compileTabular(child(node, "Expression"), scope);
      const operator = child(node, "Operator");
      const apply = OPERATORS.get(nodeName(operator));
      if (apply === undefined) return unsupported(scope, operatorName(operator), operator);
      const made = apply(operator, input, withRow(scope, input));
      return MULTIPLYING.has(nodeName(operator)) ? metered(made, scope, operator) : made;
    }
    case "ParenthesizedExpression":
    case "MaterializeExpression":
      return compileTabular(child(node, "Expression"), scope);
    case "NameReference":
      return named(node, scope);
    case "FunctionCallExpression":
      return called(node, scope);
    default: {
      const source = SOURCES.get(name);
      return source === undefined
        ? unsupported(scope, operatorName(node), node)
        : metered(source(node, scope), scope, node);
    }
  }
}

/** The operator's keyword, as the query writes it. */
const operatorName = (node: SyntaxView): string => /^[\w-]+/.exec(node.toString().trim())?.[0] ?? nodeName(node);

function named(node: SyntaxView, scope: Scope): Relation {
  const name = simpleName(node);
  const kind = node.ReferencedSymbol ? nodeName(node.ReferencedSymbol) : "nothing";
  if (kind === "TableSymbol") return metered(tableNamed(name, node, scope), scope, node);
  const binding = scope.bindings.get(name);
  if (binding?.kind === "table") return binding.relation;
  return unsupported(scope, `name ${name} (${kind})`, node);
}

/** `table("X")`, or a tabular function of the query's own. */
function called(node: SyntaxView, scope: Scope): Relation {
  const name = simpleName(child(node, "Name"));
  if (scope.bindings.has(name)) return callTabular(node, scope);
  const [first] = argumentsOf(node);
  const wanted = name === "table" && first !== undefined ? compile(first, scope).get(NO_ROW) : null;
  return typeof wanted === "string"
    ? metered(tableNamed(wanted, node, scope), scope, node)
    : unsupported(scope, `${name}()`, node);
}

const spell = (columns: readonly { readonly name: string; readonly type: string }[]): string =>
  columns.map(({ name, type }) => `${name}:${type}`).join(", ");

/** The language service knows what a query results in: what was made must be that. */
function assertColumns(node: SyntaxView, relation: Relation): void {
  const expected = tableColumns(node.ResultType);
  if (expected === undefined) return;
  if (spell(expected) !== spell(relation.columns)) {
    throw new TypeError(`${node.toString().trim()}\nmade (${spell(relation.columns)}), not (${spell(expected)})`);
  }
}

/** Columns of a node's result, as the language service names and types them. @throws {TypeError} where the node is no table */
export function resultOf(node: SyntaxView): readonly { readonly name: string; readonly type: string }[] {
  const columns = tableColumns(node.ResultType);
  if (columns === undefined) throw new TypeError(`${nodeName(node)} has no columns`);
  return columns;
}
