import { formatJson } from "./dynamic.ts";
import type { Value } from "./value.ts";
import { Tagged, isList, isMap, untagged } from "./value.ts";

/** Orders two non-null values of one type: strings by code unit, numbers across long and real, lists and bags by their JSON. */
export function order(left: Value, right: Value): number {
  if (typeof left === "object" || typeof right === "object") {
    if (left instanceof Tagged || right instanceof Tagged) return order(untagged(left), untagged(right));
    return order(comparable(left), comparable(right));
  }
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

const comparable = (value: Value): string => (typeof value === "string" ? value : formatJson(value));

/** Equality of two non-null values of one type. */
export function same(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (left === null || right === null) return false;
  if (typeof left === "object" || typeof right === "object") {
    if (left instanceof Tagged || right instanceof Tagged) return same(untagged(left), untagged(right));
    return typeof left === typeof right && formatJson(left) === formatJson(right);
  }
  // A long beyond 2^53 (bigint) and a real (number) may be equal.
  return typeof left !== "string" && typeof right !== "string" && left == right;
}

/** A Map key that is the same for equal values of one column. */
export function keyOf(value: Value): string | number | bigint | boolean | null {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Tagged || isList(value) || isMap(value)) return `\u0000${formatJson(value)}`;
  return null;
}

/** One Map key for the values of several columns. Lengths distinguish `("a","bc")` from `("ab","c")`. No key column is dynamic. */
export function keyOfAll(values: readonly Value[]): string {
  let key = "";
  for (const value of values) {
    if (value === null) key += "~;";
    else {
      const text = String(keyOf(value));
      key += `${text.length}:${text}`;
    }
  }
  return key;
}
