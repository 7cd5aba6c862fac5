import { dateOfTicks } from "../../datetime.ts";
import { fail } from "../scope.ts";
import type { Call, Family, ScalarFunction } from "./family.ts";
import { text, variadic } from "./family.ts";

/** An element of a format: a run of one letter, or a delimiter that the documentation allows. */
const ELEMENT = /([a-zA-Z])\1*|[ /:,._[\]-]/gy;

type Write = (element: string) => string | undefined;

function written(format: string, write: Write, call: Call): string {
  let result = "";
  let end = 0;
  for (const found of format.matchAll(ELEMENT)) {
    const element = found[0];
    end = found.index + element.length;
    const part = found[1] === undefined ? element : write(element);
    if (part === undefined) return refused(element, call);
    result += part;
  }
  return end === format.length ? result : refused(format.slice(end), call);
}

const refused = (element: string, call: Call): never =>
  fail(call.scope, `${call.name}() does not know the format element ${JSON.stringify(element)}`, call.node);

const padded = (value: number | bigint, width: number): string => String(value).padStart(width, "0");

/** `f` to `fffffff`: so many digits of the fraction; capitals drop zeros at the end. */
function fraction(ticks: bigint, element: string): string | undefined {
  if (element.length > 7) return undefined;
  const digits = padded(ticks % 10_000_000n, 7).slice(0, element.length);
  return element.startsWith("F") ? digits.replace(/0+$/, "") : digits;
}

function datetimeElement(ticks: bigint): Write {
  const date = dateOfTicks(ticks);
  const hour = date.getUTCHours();
  const twelve = hour % 12 === 0 ? 12 : hour % 12;
  const year = date.getUTCFullYear();
  const numbers: Readonly<Record<string, number>> = {
    d: date.getUTCDate(),
    h: twelve,
    H: hour,
    m: date.getUTCMinutes(),
    M: date.getUTCMonth() + 1,
    s: date.getUTCSeconds(),
    y: year % 100,
  };
  return (element) => {
    const letter = element.slice(0, 1);
    if (letter === "f" || letter === "F") return fraction(ticks, element);
    if (element === "yyyy") return padded(year, 4);
    if (element === "tt") return hour < 12 ? "AM" : "PM";
    const value = numbers[letter];
    return value === undefined || element.length > 2 ? undefined : padded(value, element.length);
  };
}

function timespanElement(given: bigint): Write {
  const ticks = given < 0n ? -given : given;
  const seconds = ticks / 10_000_000n;
  const numbers: Readonly<Record<string, bigint>> = {
    h: (seconds / 3600n) % 24n,
    H: (seconds / 3600n) % 24n,
    m: (seconds / 60n) % 60n,
    s: seconds % 60n,
  };
  return (element) => {
    const letter = element.slice(0, 1);
    if (letter === "f" || letter === "F") return fraction(ticks, element);
    if (letter === "d") return element.length > 8 ? undefined : padded(seconds / 86_400n, element.length);
    const value = numbers[letter];
    return value === undefined || element.length > 2 ? undefined : padded(value, element.length);
  };
}

const formatted =
  (elements: (ticks: bigint) => Write): ScalarFunction =>
  (call) =>
    variadic(([value, format]) => (typeof value === "bigint" ? written(text(format), elements(value), call) : ""))(
      call,
    );

export const TIME_FORMATS: Family = [
  ["format_datetime", formatted(datetimeElement)],
  ["format_timespan", formatted(timespanElement)],
];
