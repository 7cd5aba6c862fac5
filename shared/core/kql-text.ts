/** The only place where a value becomes KQL text. Every value in a query goes through these functions. */

/**
 * A double-quoted KQL string literal. Every character that could end or change the literal is escaped.
 * Source: "String literals" in the Kusto documentation (backslash escapes, \uXXXX).
 */
export function kqlString(value: string): string {
  let out = '"';
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if (unit === 0x22 || unit === 0x5c) out += `\\${value[i]}`;
    else if (
      unit < 0x20 ||
      (unit >= 0x7f && unit < 0xa0) ||
      unit === 0x2028 ||
      unit === 0x2029 ||
      isLoneSurrogate(value, i)
    )
      out += `\\u${unit.toString(16).padStart(4, "0")}`;
    else out += value[i];
  }
  return `${out}"`;
}

function isLoneSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  if (unit >= 0xd800 && unit < 0xdc00) return !inRange(text.charCodeAt(at + 1), 0xdc00, 0xe000);
  return inRange(unit, 0xdc00, 0xe000) && !inRange(text.charCodeAt(at - 1), 0xd800, 0xdc00);
}

/** Whether a code unit is in a range. NaN, which is read past the end, is in no range. */
const inRange = (unit: number, from: number, to: number): boolean => unit >= from && unit < to;

/** A KQL datetime literal, UTC, milliseconds. @throws {RangeError} for an invalid date */
export const kqlDatetime = (value: Date): string => `datetime(${value.toISOString()})`;
