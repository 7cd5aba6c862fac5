import type { SyntaxView } from "../syntax.ts";
import { child, nodeName, tableColumns } from "../syntax.ts";
import { metered } from "./budget.ts";
import { argumentsOf, compile, simpleName } from "./expression.ts";
import { callTabular } from "./own-function.ts";
import type { Relation } from "./relation.ts";
import type { Scope } from "./scope.ts";
import { NO_ROW, unsupported, withBinding, withRow } from "./scope.ts";
import { columnsToKeep, distinct, extend, project, rename, sampleDistinct, serialize } from "./tabular/columns.ts";
import { join } from "./tabular/join.ts";
import { lookup } from "./tabular/lookup.ts";
import { materialize } from "./tabular/materialize.ts";
import { mvExpand } from "./tabular/mv-expand.ts";
import { parse, parseWhere } from "./tabular/parse.ts";
import { as, count, render, take, where } from "./tabular/rows.ts";
import { sort, top } from "./tabular/sort.ts";
import { dataTable, print, range, tableNamed } from "./tabular/sources.ts";
import { summarize } from "./tabular/summarize.ts";
import { union } from "./tabular/union.ts";

/** Compiles one operator after a pipe, from its node, its input and its scope (with the input's columns). */
export type Operator = (node: SyntaxView, input: Relation, scope: Scope) => Relation;

/** Operators by node class. Each has a file in `tabular/`; register a new one here. */
export const OPERATORS: ReadonlyMap<string, Operator> = new Map([
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
  ["AsOperator", as],
  ["ParseOperator", parse],
  ["ParseWhereOperator", parseWhere],
  ["RenderOperator", render],
  ["SampleOperator", take],
  ["SampleDistinctOperator", sampleDistinct],
  ["TakeOperator", take],
  ["TopOperator", top],
  ["SortOperator", sort],
  ["SerializeOperator", serialize],
  ["MvExpandOperator", mvExpand],
  ["JoinOperator", join],
  ["LookupOperator", lookup],
  ["UnionOperator", union],
]);

/** Sources, which begin a pipe, by node class. */
export const SOURCES: ReadonlyMap<string, (node: SyntaxView, scope: Scope) => Relation> = new Map([
  ["PrintOperator", print],
  ["RangeOperator", range],
  ["DataTableExpression", dataTable],
  ["UnionOperator", (node: SyntaxView, scope: Scope) => union(node, undefined, scope)],
]);

export const isTabular = (node: SyntaxView): boolean => tableColumns(node.ResultType) !== undefined;

/** Compiles a tabular expression to a relation. @throws {UnsupportedKqlError} */
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
    case "PipeExpression":
      return piped(node, scope).relation;
    case "MaterializeExpression":
      return materialize(node, scope);
    case "ParenthesizedExpression":
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

/** Compiles a pipe; returns its relation and the scope with the names that `as` has bound. */
function piped(node: SyntaxView, given: Scope): { readonly relation: Relation; readonly scope: Scope } {
  const left = child(node, "Expression");
  const { relation: input, scope } =
    nodeName(left) === "PipeExpression"
      ? checked(left, piped(left, given))
      : { relation: compileTabular(left, given), scope: given };
  const operator = child(node, "Operator");
  const name = nodeName(operator);
  const apply = OPERATORS.get(name);
  if (apply === undefined) return unsupported(scope, operatorName(operator), operator);
  const made = apply(operator, input, withRow(scope, input));
  const relation = MULTIPLYING.has(name) ? metered(made, scope, operator) : made;
  if (name !== "AsOperator") return { relation, scope };
  return { relation, scope: withBinding(scope, simpleName(child(operator, "Name")), { kind: "table", relation }) };
}

function checked<T extends { readonly relation: Relation }>(node: SyntaxView, made: T): T {
  assertColumns(node, made.relation);
  return made;
}

/** Keyword of the operator in the query. */
const operatorName = (node: SyntaxView): string => /^[\w-]+/.exec(node.toString().trim())?.[0] ?? nodeName(node);

function named(node: SyntaxView, scope: Scope): Relation {
  const name = simpleName(node);
  const kind = node.ReferencedSymbol ? nodeName(node.ReferencedSymbol) : "nothing";
  if (kind === "TableSymbol") return metered(tableNamed(name, node, scope), scope, node);
  const binding = scope.bindings.get(name);
  if (binding?.kind === "table") return binding.relation;
  if (binding?.kind === "function") return callTabular(node, binding, scope);
  return unsupported(scope, `name ${name} (${kind})`, node);
}

/** `table("X")`, or a tabular function that the query defines. */
function called(node: SyntaxView, scope: Scope): Relation {
  const name = simpleName(child(node, "Name"));
  const own = scope.bindings.get(name);
  if (own?.kind === "function") return callTabular(node, own, scope);
  const [first] = argumentsOf(node);
  const wanted = name === "table" && first !== undefined ? compile(first, scope).get(NO_ROW) : null;
  return typeof wanted === "string"
    ? metered(tableNamed(wanted, node, scope), scope, node)
    : unsupported(scope, `${name}()`, node);
}

const columnList = (columns: readonly { readonly name: string; readonly type: string }[]): string =>
  columns.map(({ name, type }) => `${name}:${type}`).join(", ");

/** Checks the relation's columns against the language service's result type. */
function assertColumns(node: SyntaxView, relation: Relation): void {
  const expected = tableColumns(node.ResultType);
  if (expected === undefined) return;
  if (columnList(expected) !== columnList(relation.columns)) {
    throw new TypeError(
      `${node.toString().trim()}\nmade (${columnList(relation.columns)}), not (${columnList(expected)})`,
    );
  }
}

/** Columns of a node's result according to the language service. @throws {TypeError} where the result is no table */
export function resultOf(node: SyntaxView): readonly { readonly name: string; readonly type: string }[] {
  const columns = tableColumns(node.ResultType);
  if (columns === undefined) throw new TypeError(`${nodeName(node)} has no columns`);
  return columns;
}
