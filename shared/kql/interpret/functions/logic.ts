import type { Value } from "../../value.ts";
import { toType } from "../expression.ts";
import type { Row } from "../relation.ts";
import type { Family, ScalarFunction } from "./family.ts";
import { argument, unary, unaryOrNull } from "./family.ts";

const iff: ScalarFunction = (call) => {
  const condition = argument(call, 0).get;
  const then = toType(argument(call, 1), call.type).get;
  const otherwise = toType(argument(call, 2), call.type).get;
  return (row) => (condition(row) === true ? then(row) : otherwise(row));
};

/** The first branch whose condition holds, else the last argument. */
const caseOf: ScalarFunction = (call) => {
  const branches: { when: (row: Row) => Value; result: (row: Row) => Value }[] = [];
  for (let i = 0; i + 1 < call.args.length; i += 2) {
    branches.push({ when: argument(call, i).get, result: toType(argument(call, i + 1), call.type).get });
  }
  const otherwise = toType(argument(call, call.args.length - 1), call.type).get;
  return (row) => {
    for (const { when, result } of branches) if (when(row) === true) return result(row);
    return otherwise(row);
  };
};

/** The first argument that is not null; of strings the first that is not empty. */
const coalesce: ScalarFunction = (call) => {
  const getters = call.args.map((arg) => toType(arg, call.type).get);
  const last = getters.at(-1);
  return (row) => {
    for (const get of getters) {
      const value = get(row);
      if (value !== null && value !== "") return value;
    }
    return last === undefined ? null : last(row);
  };
};

/** `isempty`: true for null and the empty string. A list or bag without elements is not empty. */
const isEmpty = (value: Value): boolean => value === null || value === "";

/** `isnull`; a string is never null. */
const isNull = (value: Value, type: string): boolean => type !== "string" && value === null;

export const LOGIC: Family = [
  ["iff", iff],
  ["iif", iff],
  ["case", caseOf],
  ["coalesce", coalesce],
  ["not", unary((value) => value === false)],
  ["isempty", unaryOrNull(isEmpty)],
  ["isnotempty", unaryOrNull((value) => !isEmpty(value))],
  ["notempty", unaryOrNull((value) => !isEmpty(value))],
  ["isnull", unaryOrNull(isNull)],
  ["isnotnull", unaryOrNull((value, type) => !isNull(value, type))],
  ["notnull", unaryOrNull((value, type) => !isNull(value, type))],
  ["isnan", unary((value) => typeof value === "number" && Number.isNaN(value))],
];
