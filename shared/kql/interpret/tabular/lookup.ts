import { child } from "../../syntax.ts";
import { columnNamed } from "../relation.ts";
import { unsupported } from "../scope.ts";
import type { Operator } from "../tabular.ts";
import { resultOf } from "../tabular.ts";
import { indexed, sideColumn, sidesOf } from "./join.ts";
import { parametersOf } from "./parameters.ts";

/** A left outer (or inner) join that adds the right side's columns without its keys. */
export const lookup: Operator = (node, input, scope) => {
  const kind = parametersOf(node, scope, ["kind"]).get("kind") ?? "leftouter";
  if (kind !== "leftouter" && kind !== "inner") return unsupported(scope, `lookup kind=${kind}`, node);
  const { left, right, leftKey, rightKey, keep } = sidesOf(node, child(node, "LookupClause"), input, scope);
  const columns = resultOf(node).map(({ name, type }, i) => {
    const column = left.columns[i] ?? columnNamed(right, name);
    if (column === undefined) return unsupported(scope, `lookup that renames ${name}`, node);
    return { name, type, get: sideColumn(column, i < left.columns.length ? 0 : 1).get };
  });
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
