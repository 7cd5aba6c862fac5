import { order } from "../../compare.ts";
import type { SyntaxView } from "../../syntax.ts";
import { child, list } from "../../syntax.ts";
import type { Value } from "../../value.ts";
import { long, missing } from "../../value.ts";
import { compile, compileAs, expressionsOf } from "../expression.ts";
import type { Relation } from "../relation.ts";
import { at, materialised } from "../relation.ts";
import type { Scope } from "../scope.ts";
import { NO_ROW, unsupported } from "../scope.ts";
import { resultOf } from "../tabular.ts";

/**
 * A table of the workspace: its given rows, or none. A column that the rows lack is missing in each. Limited to the request's time
 * range.
 */
export function tableNamed(name: string, node: SyntaxView, scope: Scope): Relation {
  const data = scope.execution.tables.get(name);
  const result = resultOf(node);
  if (data === undefined) return materialised(result, []);
  const places = new Map(data.columns.map((column, index) => [column.name, index]));
  const columns = result.map(({ name: column, type }) => {
    const place = places.get(column);
    return { name: column, type, get: place === undefined ? () => missing(type) : at(place) };
  });
  const cut = scope.execution.range;
  const timePlace = cut === undefined ? undefined : places.get(cut.column);
  const time = timePlace === undefined ? undefined : at(timePlace);
  return {
    columns,
    ...(data.ingested !== undefined && { ingested: at(data.ingested) }),
    scan: (emit) => {
      for (const row of data.rows) {
        if (cut !== undefined && time !== undefined) {
          const when = time(row);
          if (typeof when !== "bigint" || when < cut.from || when > cut.to) continue;
        }
        if (emit(row)) return;
      }
    },
  };
}

export function print(node: SyntaxView, scope: Scope): Relation {
  const result = resultOf(node);
  const values = expressionsOf(node).map((item, i) => compileAs(item, scope, result[i]?.type ?? "unknown").get(NO_ROW));
  return materialised(result, [values]);
}

export function dataTable(node: SyntaxView, scope: Scope): Relation {
  const result = resultOf(node);
  const values = list(node, "Values").map((item, i) =>
    compileAs(item, scope, result[i % result.length]?.type ?? "unknown").get(NO_ROW),
  );
  const rows: Value[][] = [];
  for (let i = 0; i < values.length; i += result.length) rows.push(values.slice(i, i + result.length));
  return materialised(result, rows);
}

/** `range x from a to b step s`, both ends included. */
export function range(node: SyntaxView, scope: Scope): Relation {
  const result = resultOf(node);
  const type = result[0]?.type ?? "long";
  const from = compileAs(child(node, "From"), scope, type).get(NO_ROW);
  const to = compileAs(child(node, "To"), scope, type).get(NO_ROW);
  const step = compile(child(node, "Step"), scope).get(NO_ROW);
  const isTime = type === "datetime" || type === "timespan";
  const next = (value: Value): Value => {
    if (
      typeof value === "number" &&
      typeof step === "number" &&
      (type === "real" || Number.isSafeInteger(value + step))
    )
      return value + step;
    if (
      (typeof value !== "number" && typeof value !== "bigint") ||
      (typeof step !== "number" && typeof step !== "bigint")
    )
      return null;
    return isTime ? BigInt(value) + BigInt(step) : long(BigInt(value) + BigInt(step));
  };
  if (from === null || to === null || step === null || step == 0)
    return unsupported(scope, "range with a step of zero or null", node);
  const direction = order(step, typeof step === "bigint" ? 0n : 0);
  return {
    ...materialised(result, []),
    scan: (emit) => {
      for (let value: Value = from; value !== null && order(value, to) * direction <= 0; value = next(value))
        if (emit([value])) return;
    },
  };
}
