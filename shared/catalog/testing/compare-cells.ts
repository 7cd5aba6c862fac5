import { same } from "../../kql/compare.ts";
import { formatJson, parseJson } from "../../kql/dynamic.ts";
import type { Value } from "../../kql/value.ts";
import { Tagged, isList, isMap } from "../../kql/value.ts";

/** How the values of one column are compared. */
export interface Comparison {
  /** The column's type. */
  readonly type: string;
  /** The test expects a list or map in a string column, which holds it as JSON text. */
  readonly isJson: boolean;
  /** Lists are compared as sets. */
  readonly unordered: boolean;
}

/** Whether an actual value equals the expected one. The order of a map's keys does not count; in a dynamic `2` equals `2.0`. */
export function isExpected(expected: Value, actual: Value, { type, isJson, unordered }: Comparison): boolean {
  if (type === "dynamic") return canonical(expected, unordered) === canonical(actual, unordered);
  if (isJson && typeof expected === "string" && typeof actual === "string")
    return canonical(parseJson(expected) ?? null, unordered) === canonical(parseJson(actual) ?? actual, unordered);
  return expected === null || actual === null ? expected === actual : same(expected, actual);
}

/** A text that is the same for equal values. */
function canonical(value: Value, unordered: boolean): string {
  if (value instanceof Tagged && value.type === "real") return String(value.value);
  if (isList(value)) {
    const items = value.map((item) => canonical(item, unordered));
    return `[${(unordered ? items.toSorted() : items).join(",")}]`;
  }
  if (isMap(value))
    return `{${[...value]
      .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item, unordered)}`)
      .toSorted()
      .join(",")}}`;
  return formatJson(value);
}
