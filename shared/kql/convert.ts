import { formatDatetime, formatTimespan, inRange, parseDatetime, parseTimespan } from "./datetime.ts";
import { formatJson, formatReal, parseJson } from "./dynamic.ts";
import type { Value } from "./value.ts";
import { Tagged, dynamicType, isList, isMap, long, toDynamic, untagged } from "./value.ts";

/** Conversions between scalar types, as `tostring()`, `tolong()` … do them: a value that can't be converted is null, never an error. */

/** Text of a value; null is the empty string. */
export function toText(value: Value, type: string): string {
  if (typeof value === "string") return value;
  if (value === null) return "";
  if (value instanceof Tagged) return toText(value.value, value.type);
  if (isList(value) || isMap(value)) return formatJson(value);
  switch (type) {
    case "datetime":
      return formatDatetime(BigInt(value));
    case "timespan":
      return formatTimespan(BigInt(value));
    case "real":
    case "decimal":
      return formatReal(Number(value));
    default:
      return String(value);
  }
}

export function toLong(value: Value, type: string): number | bigint | null {
  if (value instanceof Tagged) return toLong(value.value, value.type);
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "bigint") return long(value);
  if (typeof value === "number") return whole(value);
  if (typeof value !== "string" || type === "guid") return null;
  const text = value.trim();
  if (/^[-+]?\d+$/.test(text) || /^0x[\da-f]+$/i.test(text)) {
    const exact = BigInt(text.replace(/^\+/, ""));
    return BigInt.asIntN(64, exact) === exact ? long(exact) : null;
  }
  return /^[-+]?\d*\.\d+$/.test(text) ? whole(Number(text)) : null;
}

function whole(value: number): number | bigint | null {
  if (!Number.isFinite(value)) return null;
  const cut = Math.trunc(value);
  if (Number.isSafeInteger(cut)) return cut === 0 ? 0 : cut; // no -0
  const exact = BigInt(cut);
  return BigInt.asIntN(64, exact) === exact ? long(exact) : null;
}

/** Null outside the range of 32 bits. */
function toInt(value: Value, type: string): number | null {
  const found = toLong(value, type);
  return typeof found === "number" && found >= -2_147_483_648 && found <= 2_147_483_647 ? found : null;
}

export function toReal(value: Value, type: string): number | null {
  if (value instanceof Tagged) return toReal(value.value, value.type);
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  if (typeof value !== "string" || type === "guid") return null;
  const text = value.trim();
  if (/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text)) return Number(text);
  if (/^0x[\da-f]+$/i.test(text)) return Number(text);
  const special = new Map([
    ["nan", Number.NaN],
    ["inf", Infinity],
    ["+inf", Infinity],
    ["-inf", -Infinity],
  ]).get(text.toLowerCase());
  return special ?? null;
}

function toBool(value: Value): boolean | null {
  const plain = untagged(value);
  if (typeof plain === "boolean") return plain;
  if (typeof plain === "number" || typeof plain === "bigint") return Number(plain) !== 0;
  if (typeof plain !== "string") return null;
  const text = plain.trim().toLowerCase();
  if (text === "true") return true;
  if (text === "false") return false;
  const number = toLong(text, "string");
  return number === null ? null : Number(number) !== 0;
}

function toTicks(value: Value, type: string): bigint | null {
  if (value instanceof Tagged) return value.type === "datetime" ? BigInt(value.value) : null;
  if (type === "datetime") return typeof value === "bigint" ? value : null;
  if (typeof value === "string") return parseDatetime(value) ?? null;
  return (type === "long" || type === "int") && (typeof value === "number" || typeof value === "bigint")
    ? inRange(BigInt(value))
    : null;
}

function toSpan(value: Value, type: string): bigint | null {
  if (value instanceof Tagged) return value.type === "timespan" ? BigInt(value.value) : null;
  if (type === "timespan") return typeof value === "bigint" ? value : null;
  if (typeof value === "string") return parseTimespan(value) ?? null;
  return (type === "long" || type === "int") && (typeof value === "number" || typeof value === "bigint")
    ? BigInt(value)
    : null;
}

const GUID = /^[{(]?([\da-f]{8})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{4})-?([\da-f]{12})[)}]?$/i;

export function toGuid(value: Value): string | null {
  const found = typeof value === "string" ? GUID.exec(value.trim()) : null;
  return found === null ? null : found.slice(1).join("-").toLowerCase();
}

/** `parse_json`: a text that is not JSON stays a string; an empty one is null. */
export function toParsed(value: Value, type: string): Value {
  if (type === "dynamic" && typeof value !== "string") return value;
  if (typeof value !== "string" || type === "guid") return toDynamic(value, type);
  if (value.trim() === "") return null;
  const parsed = parseJson(value);
  return parsed === undefined ? value : parsed;
}

/** Converts a value from one static type to another. A dynamic is converted from the type of the value in it. */
export function convert(value: Value, from: string, to: string): Value {
  if (from === to) return value;
  const type = from === "dynamic" ? dynamicType(value) : from;
  switch (to) {
    case "string":
      return toText(value, type);
    case "long":
      return toLong(value, type);
    case "int":
      return toInt(value, type);
    case "real":
    case "decimal":
      return toReal(value, type);
    case "bool":
      return toBool(value);
    case "datetime":
      return toTicks(value, type);
    case "timespan":
      return toSpan(value, type);
    case "guid":
      return toGuid(value);
    case "dynamic":
      return toDynamic(value, type);
    default:
      throw new TypeError(`no conversion from ${from} to ${to}`);
  }
}
