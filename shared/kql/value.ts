/**
 * Values in the interpreter's form. The column's type decides the JavaScript type:
 * string → string, never null; bool → boolean; int, long → number, or bigint where a number would lose digits; real, decimal →
 * number; datetime → bigint, ticks of 100 ns since 0001-01-01; timespan → bigint, ticks; guid → lower-case string;
 * dynamic → any of the below. All but string may be null.
 */
export type Value = null | string | number | bigint | boolean | Tagged | readonly Value[] | ReadonlyMap<string, Value>;

/** A scalar inside a dynamic whose KQL type its JavaScript type does not show: a whole real, a datetime, a timespan. */
export class Tagged {
  readonly type: "real" | "datetime" | "timespan";
  readonly value: number | bigint;
  constructor(type: Tagged["type"], value: number | bigint) {
    this.type = type;
    this.value = value;
  }
}

/** The canonical form of a 64-bit integer: wrapped at 64 bits, a number where that is exact, else a bigint. */
export function long(value: bigint): number | bigint {
  const wrapped = BigInt.asIntN(64, value);
  return wrapped >= MIN_SAFE && wrapped <= MAX_SAFE ? Number(wrapped) : wrapped;
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const MIN_SAFE = -MAX_SAFE;

/** The value of a missing cell in a column of that type. */
export const missing = (type: string): Value => (type === "string" ? "" : null);

export const isMap = (value: Value): value is ReadonlyMap<string, Value> => value instanceof Map;
export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

/** Turns a value of a static type into an element of a dynamic. */
export function toDynamic(value: Value, type: string): Value {
  if (value === null) return null;
  if ((type === "datetime" || type === "timespan") && typeof value === "bigint") return new Tagged(type, value);
  if ((type === "real" || type === "decimal") && typeof value === "number" && Number.isInteger(value))
    return new Tagged("real", value);
  return value;
}

/** Type of a dynamic's value, as `gettype` names it. */
export function dynamicType(value: Value): string {
  if (value === null) return "null";
  if (value instanceof Tagged) return value.type;
  if (isList(value)) return "array";
  if (isMap(value)) return "dictionary";
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "bool";
  return typeof value === "bigint" || Number.isInteger(value) ? "long" : "real";
}

/** The plain scalar of a tagged value. */
export const untagged = (value: Value): Value => (value instanceof Tagged ? value.value : value);

/** Longest text that a query may make, in UTF-16 units. Log Analytics cuts a value at a million. */
export const MAX_TEXT = 16_000_000;
