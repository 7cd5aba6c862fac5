import { order } from "../../compare.ts";
import type { SyntaxView } from "../../syntax.ts";
import { child, nodeName, optionalChild, tokenText } from "../../syntax.ts";
import type { Value } from "../../value.ts";
import { collectRows } from "../budget.ts";
import { compile, expressionsOf } from "../expression.ts";
import type { Getter, Relation, Row } from "../relation.ts";
import type { Scope } from "../scope.ts";
import { NO_ROW } from "../scope.ts";
import type { Operator } from "../tabular.ts";
import { parametersOf } from "./parameters.ts";

interface SortKey {
  readonly get: Getter;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** One key of a sort. Default: descending. Default for nulls: first when ascending, last when descending. */
function sortKey(node: SyntaxView, scope: Scope): SortKey {
  if (nodeName(node) !== "OrderedExpression")
    return { get: compile(node, scope).get, descending: true, nullsFirst: false };
  const ordering = child(node, "Ordering");
  const direction = optionalChild(ordering, "AscOrDescKeyword");
  const nulls = optionalChild(ordering, "NullsClause");
  const descending = direction === undefined || !["asc", "granny-asc"].includes(tokenText(direction));
  const nullsFirst = nulls === undefined ? !descending : tokenText(child(nulls, "FirstOrLastKeyword")) === "first";
  return { get: compile(child(node, "Expression"), scope).get, descending, nullsFirst };
}

function compareBy(keys: readonly SortKey[]): (left: readonly Value[], right: readonly Value[]) => number {
  return (left, right) => {
    for (const [i, key] of keys.entries()) {
      const found = compareOne(left[i] ?? null, right[i] ?? null, key);
      if (found !== 0) return found;
    }
    return 0;
  };
}

/** Null and NaN are together at one end, null outermost, in either direction. Source: "sort operator". */
function compareOne(left: Value, right: Value, { descending, nullsFirst }: SortKey): number {
  const [first, second] = [nullRank(left), nullRank(right)];
  if (first > 0 || second > 0) return nullsFirst ? second - first : first - second;
  if (left === null || right === null) return 0;
  return descending ? order(right, left) : order(left, right);
}

function nullRank(value: Value): number {
  if (value === null) return 2;
  return Number.isNaN(value) ? 1 : 0;
}

/** A stable sort that does not copy rows. */
function sorted(input: Relation, keys: readonly SortKey[], scope: Scope, node: SyntaxView): Row[] {
  const compare = compareBy(keys);
  return collectRows(input, scope, node)
    .map((row) => ({ row, values: keys.map(({ get }) => get(row)) }))
    .toSorted((a, b) => compare(a.values, b.values))
    .map(({ row }) => row);
}

export const sort: Operator = (node, input, scope) => {
  parametersOf(node, scope, []);
  const keys = expressionsOf(node).map((item) => sortKey(item, scope));
  return {
    ...input,
    scan: (emit) => {
      for (const row of sorted(input, keys, scope, node)) if (emit(row)) return;
    },
  };
};

export const top: Operator = (node, input, scope) => {
  parametersOf(node, scope, []);
  const keys = [sortKey(child(node, "ByExpression"), scope)];
  const limit = Math.max(0, Number(compile(child(node, "Expression"), scope).get(NO_ROW)));
  return {
    ...input,
    scan: (emit) => {
      for (const row of sorted(input, keys, scope, node).slice(0, limit)) if (emit(row)) return;
    },
  };
};
