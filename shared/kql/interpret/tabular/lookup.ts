import { child } from "../../syntax.ts";
import { unsupported } from "../scope.ts";
import type { Operator } from "../tabular.ts";
import { resultOf } from "../tabular.ts";
import { indexed, sideColumn, sidesOf } from "./join.ts";
import { parametersOf } from "./parameters.ts";

/** A left outer (or inner) join that adds the right side's columns without its keys. */
export const lookup: Operator = (node, input, scope) => {
  const kind = parametersOf(node, scope, ["kind"]).get("kind") ?? "leftouter";
  if (kind !== "leftouter" && kind !== "inner") return unsupported(scope, `lookup kind=${kind}`, node);
  const { left, right, leftKey, rightKey, rightKeys, keep } = sidesOf(node, child(node, "LookupClause"), input, scope);
  // The service has dropped the right side's keys, and renamed columns that the left side has too.
  const keys = new Set(rightKeys);
  const bound = [
    ...left.columns.map((column) => sideColumn(column, 0)),
    ...right.columns.filter((column) => !keys.has(column.name)).map((column) => sideColumn(column, 1)),
  ];
  const columns = resultOf(node).map(({ name, type }, i) => ({ name, type, get: bound[i]?.get ?? (() => null) }));
  return {
    columns,
    scan: (emit) => {
      const index = indexed(right, rightKey, keep);
      left.scan((row) => {
        const partners = index.get(leftKey(row));
        if (partners === undefined) return kind === "leftouter" && emit([row, null]);
        return partners.some((partner) => emit([row, partner]));
      });
    },
  };
};
