import { same } from "../../kql/compare.ts";
import { formatJson, parseJson } from "../../kql/dynamic.ts";
import type { Value } from "../../kql/value.ts";
import { Tagged, isList, isMap } from "../../kql/value.ts";

/** How two values of one column are compared. */
export interface Comparison {
  /** Of the column. */
  readonly type: string;
  /** The test writes a list or map: a string column holds it as JSON text. */
  readonly isJson: boolean;
  /** Lists are sets. */
  readonly unordered: boolean;
}

/** Whether an actual value is the expected one. Keys of maps have no order; `2` and `2.0` in a dynamic are equal. */
export function isExpected(expected: Value, actual: Value, { type, isJson, unordered }: Comparison): boolean {
  if (type === "dynamic") return canonical(expected, unordered) === canonical(actual, unordered);
  if (isJson && typeof expected === "string" && typeof actual === "string")
    return canonical(parseJson(expected) ?? null, unordered) === canonical(parseJson(actual) ?? actual, unordered);
  return expected === null || actual === null ? expected === actual : same(expected, actual);
}

/** One text for values that count as equal. */
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
