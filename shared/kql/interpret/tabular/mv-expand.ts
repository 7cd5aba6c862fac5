import { convert } from "../../convert.ts";
import { child, nodeName, optionalChild } from "../../syntax.ts";
import type { SyntaxView } from "../../syntax.ts";
import type { Value } from "../../value.ts";
import { isList, isMap } from "../../value.ts";
import { compile, expressionsOf, simpleName } from "../expression.ts";
import type { BoundColumn, Row } from "../relation.ts";
import { at, columnNamed } from "../relation.ts";
import type { Scope } from "../scope.ts";
import { NO_ROW, unsupported } from "../scope.ts";
import type { Operator } from "../tabular.ts";
import { resultOf } from "../tabular.ts";
import { parametersOf } from "./parameters.ts";

/** Elements that the service expands of one value where the query names no limit. */
const DEFAULT_LIMIT = 2_147_483_647;

/**
 * One row an element; several lists side by side, the shorter filled with nulls. An empty list, and null, make no row of their
 * own unless another list does: a row of an empty list is dropped, a row of a null is kept with null.
 * Source: "mv-expand operator" of the Kusto documentation.
 */
export const mvExpand: Operator = (node, input, scope) => {
  const parameters = parametersOf(node, scope, ["with_itemindex", "kind"]);
  if ((parameters.get("kind") ?? "bag") !== "bag")
    return unsupported(scope, `mv-expand kind=${parameters.get("kind")}`, node);
  const expanded = expressionsOf(node).map((item) => expansion(item, scope));
  const limit = limitOf(node, scope);
  const result = resultOf(node);
  const columns = result.map(({ name, type }): BoundColumn => {
    const index = expanded.findIndex((item) => item.name === name);
    if (index !== -1) return { name, type, get: expandedAt(at(index + 1), expanded[index]?.type ?? "dynamic", type) };
    if (name === parameters.get("with_itemindex")) return { name, type, get: at(expanded.length + 1) };
    const column = columnNamed(input, name);
    if (column === undefined) throw new TypeError(`no column ${name}`);
    return { name, type, get: (row) => column.get(baseOf(row)) };
  });
  return {
    columns,
    scan: (emit) =>
      input.scan((row) => {
        const lists = expanded.map(({ get }) => elementsOf(get(row)));
        const length = Math.min(limit, Math.max(...lists.map((found) => found.length)));
        for (let i = 0; i < length; i++) if (emit([row, ...lists.map((found) => found[i] ?? null), i])) return true;
        return false;
      }),
  };
};

function baseOf(row: Row): Row {
  const base = row[0];
  return base !== undefined && isList(base) ? base : NO_ROW;
}

const expandedAt =
  (get: (row: Row) => Value, from: string, to: string) =>
  (row: Row): Value =>
    convert(get(row), from, to);

function expansion(
  node: SyntaxView,
  scope: Scope,
): { readonly name: string; readonly type: string; readonly get: (row: Row) => Value } {
  const inner = nodeName(node) === "MvExpandExpression" ? child(node, "Expression") : node;
  const name =
    nodeName(inner) === "SimpleNamedExpression"
      ? simpleName(child(inner, "Name"))
      : nodeName(inner) === "NameReference"
        ? simpleName(inner)
        : undefined;
  if (name === undefined) return unsupported(scope, "mv-expand of an expression without a name", node);
  const compiled = compile(inner, scope);
  return { name, type: "dynamic", get: compiled.get };
}

/** A bag's elements are bags of one pair; what is neither list nor bag is its own only element. */
function elementsOf(value: Value): readonly Value[] {
  if (isList(value)) return value;
  if (isMap(value)) return [...value].map((pair) => new Map([pair]));
  return [value];
}

function limitOf(node: SyntaxView, scope: Scope): number {
  const clause = optionalChild(node, "RowLimitClause");
  return clause === undefined ? DEFAULT_LIMIT : Number(compile(child(clause, "RowLimit"), scope).get(NO_ROW));
}
