/**
 * Values as the interpreter holds them. Which of them a value is, its column's type says:
 * string → string, never null; bool → boolean; int, long → number, or bigint where a number would lose digits; real, decimal →
 * number; datetime → bigint, ticks of 100 ns since 0001-01-01; timespan → bigint, ticks; guid → lower-case string;
 * dynamic → any of the below. All but string may be null.
 */
export type Value = null | string | number | bigint | boolean | Tagged | readonly Value[] | ReadonlyMap<string, Value>;

/** A scalar inside a dynamic that its JavaScript type does not tell: a real that is whole, a datetime, a timespan. */
export class Tagged {
  readonly type: "real" | "datetime" | "timespan";
  readonly value: number | bigint;
  constructor(type: Tagged["type"], value: number | bigint) {
    this.type = type;
    this.value = value;
  }
}

/** A 64-bit integer in its one form: wrapped at 64 bits, a number where that is exact. */
export function long(value: bigint): number | bigint {
  const wrapped = BigInt.asIntN(64, value);
  return wrapped >= MIN_SAFE && wrapped <= MAX_SAFE ? Number(wrapped) : wrapped;
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const MIN_SAFE = -MAX_SAFE;

/** What a column of that type holds where nothing is there. */
export const missing = (type: string): Value => (type === "string" ? "" : null);

export const isMap = (value: Value): value is ReadonlyMap<string, Value> => value instanceof Map;
export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

/** A value of a static type as an element of a dynamic. */
export function toDynamic(value: Value, type: string): Value {
  if (value === null) return null;
  if ((type === "datetime" || type === "timespan") && typeof value === "bigint") return new Tagged(type, value);
  if ((type === "real" || type === "decimal") && typeof value === "number" && Number.isInteger(value))
    return new Tagged("real", value);
  return value;
}

/** Static type of a dynamic's value, as `gettype` names it. */
export function dynamicType(value: Value): string {
  if (value === null) return "null";
  if (value instanceof Tagged) return value.type;
  if (isList(value)) return "array";
  if (isMap(value)) return "dictionary";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  return typeof value === "bigint" || Number.isInteger(value) ? "long" : "real";
}

/** A dynamic's scalar without its tag. */
export const untagged = (value: Value): Value => (value instanceof Tagged ? value.value : value);

/** Longest text, in UTF-16 units, that a query may make. Log Analytics cuts a value at a million. */
export const MAX_TEXT = 16_000_000;
