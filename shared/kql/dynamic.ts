import { formatDatetime, formatTimespan } from "./datetime.ts";
import { KqlRuntimeError } from "./kql-error.ts";
import type { Value } from "./value.ts";
import { MAX_TEXT, Tagged, isList, isMap, long } from "./value.ts";

/** Deepest nesting that is parsed; a deeper value stays text. */
const MAX_DEPTH = 512;

const TOKEN =
  /\s*(?:([{}[\],:])|("[^"\\]*(?:\\.[^"\\]*)*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null))/y;

/**
 * Parses JSON as a dynamic. Keeps 64-bit integers exact and keys in their order (also numeric ones, also `__proto__`), where
 * `JSON.parse` would round and reorder. `undefined` where the text is not JSON.
 */
export function parseJson(text: string): Value | undefined {
  const reader = { text, at: 0, depth: 0 };
  const value = readValue(reader, next(reader));
  if (value === undefined) return undefined;
  return text.slice(reader.at).trim() === "" ? value : undefined;
}

interface Reader {
  readonly text: string;
  at: number;
  depth: number;
}

function next(reader: Reader): string | undefined {
  TOKEN.lastIndex = reader.at;
  const found = TOKEN.exec(reader.text);
  if (found === null) return undefined;
  reader.at = TOKEN.lastIndex;
  return found[1] ?? found[2] ?? found[3] ?? found[4];
}

function readValue(reader: Reader, token: string | undefined): Value | undefined {
  switch (token) {
    case undefined:
      return undefined;
    case "{":
    case "[": {
      reader.depth += 1;
      if (reader.depth > MAX_DEPTH) return undefined;
      const value = token === "{" ? readMap(reader) : readList(reader);
      reader.depth -= 1;
      return value;
    }
    case "true":
      return true;
    case "false":
      return false;
    case "null":
      return null;
    default:
      if (token.startsWith('"')) return readString(token);
      return /^[-\d]/.test(token) ? readNumber(token) : undefined;
  }
}

function readString(token: string): string | undefined {
  try {
    return String(JSON.parse(token));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // an escape that JSON does not have
    throw error;
  }
}

function readNumber(token: string): Value {
  if (/^-?\d+$/.test(token)) {
    const exact = BigInt(token);
    if (BigInt.asIntN(64, exact) === exact) return long(exact);
  }
  const real = Number(token);
  return Number.isInteger(real) ? new Tagged("real", real) : real;
}

function readList(reader: Reader): Value | undefined {
  const list: Value[] = [];
  let token = next(reader);
  if (token === "]") return list;
  for (;;) {
    const value = readValue(reader, token);
    if (value === undefined) return undefined;
    list.push(value);
    const separator = next(reader);
    if (separator === "]") return list;
    if (separator !== ",") return undefined;
    token = next(reader);
  }
}

function readMap(reader: Reader): Value | undefined {
  const map = new Map<string, Value>();
  let token = next(reader);
  if (token === "}") return map;
  for (;;) {
    const key = token?.startsWith('"') === true ? readString(token) : undefined;
    if (key === undefined || next(reader) !== ":") return undefined;
    const value = readValue(reader, next(reader));
    if (value === undefined) return undefined;
    map.set(key, value);
    const separator = next(reader);
    if (separator === "}") return map;
    if (separator !== ",") return undefined;
    token = next(reader);
  }
}

/**
 * JSON text of a dynamic, without blanks, with every digit of a long. A datetime becomes its ISO text.
 * @throws {KqlRuntimeError} for more than 16 million characters: a list that contains another one twice doubles the text, not the memory
 */
export function formatJson(value: Value): string {
  if (!isList(value) && !isMap(value)) return formatScalar(value);
  const writer = { text: "" };
  write(value, writer);
  return writer.text;
}

function write(value: Value, writer: { text: string }): void {
  if (writer.text.length > MAX_TEXT)
    throw new KqlRuntimeError(`a dynamic value has more than ${MAX_TEXT} characters of JSON; keep less in it`);
  let separator = "";
  if (isList(value)) {
    writer.text += "[";
    for (const item of value) {
      writer.text += separator;
      write(item, writer);
      separator = ",";
    }
    writer.text += "]";
  } else if (isMap(value)) {
    writer.text += "{";
    for (const [key, inner] of value) {
      writer.text += `${separator}${JSON.stringify(key)}:`;
      write(inner, writer);
      separator = ",";
    }
    writer.text += "}";
  } else writer.text += formatScalar(value);
}

function formatScalar(value: Exclude<Value, readonly Value[] | ReadonlyMap<string, Value>>): string {
  if (value === null) return "null";
  if (value instanceof Tagged) return formatTagged(value);
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "number" && !Number.isFinite(value) ? `"${value}"` : String(value);
}

function formatTagged({ type, value }: Tagged): string {
  if (type === "real") return formatReal(Number(value));
  return `"${type === "datetime" ? formatDatetime(BigInt(value)) : formatTimespan(BigInt(value))}"`;
}

/** A real is always written with its fraction: `2.0`. */
export function formatReal(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? value.toFixed(1) : String(value);
}
