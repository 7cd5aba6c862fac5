import { toText } from "../../kql/convert.ts";
import type { Value } from "../../kql/value.ts";

/** A value in the form of a test file: texts in quotes, times in ISO 8601, dynamics as JSON. */
export function showCell(value: Value, type: string): string {
  if (value === null) return "null";
  return type === "string" ? JSON.stringify(value) : toText(value, type);
}
