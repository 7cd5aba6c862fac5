import { inRange, parseDatetime } from "../../datetime.ts";
import type { Value } from "../../value.ts";
import type { Family, ScalarFunction } from "./family.ts";
import { number, unary, variadic } from "./family.ts";

/** Datetimes and timespans from numbers. */

const SECOND = 10_000_000;

/** Ticks of 1970-01-01. */
const EPOCH = 621_355_968_000_000_000n;

/** Datetime from a number of units (of `ticks` each) since 1970; fractions count, integers are exact. */
const sinceEpoch = (ticks: number): ScalarFunction =>
  unary((value): Value => {
    if (typeof value === "bigint") return inRange(EPOCH + (ticks < 1 ? value / 100n : value * BigInt(ticks)));
    if (typeof value !== "number" || !Number.isFinite(value)) return null;
    if (!Number.isInteger(value)) return inRange(EPOCH + BigInt(Math.trunc(value * ticks)));
    return inRange(EPOCH + (ticks < 1 ? BigInt(value) / 100n : BigInt(value) * BigInt(ticks)));
  });

const within = (value: number | undefined, least: number, most: number): value is number =>
  value !== undefined && value >= least && value < most;

/** `make_datetime(year, month, day[, hour, minute[, second]])`; with one text as todatetime. Null where a part is out of range. */
const makeDatetime: ScalarFunction = variadic((values) => {
  const [first] = values;
  if (values.length === 1) return typeof first === "string" ? (parseDatetime(first) ?? null) : (first ?? null);
  const [year, month, day, hour = 0, minute = 0, second = 0] = values.map(number);
  if (!within(year, 1, 10_000) || !within(month, 1, 13) || !within(day, 1, 32)) return null;
  const padded = (value: number): string => String(value).padStart(2, "0");
  const start = parseDatetime(`${String(year).padStart(4, "0")}-${padded(month)}-${padded(day)}`);
  const time = ticksOfTime(hour, minute, second);
  return start === undefined || time === null ? null : start + time;
});

function ticksOfTime(hour: number, minute: number, second: number): bigint | null {
  if (!within(hour, 0, 24) || !within(minute, 0, 60) || !within(second, 0, 60)) return null;
  return BigInt(hour * 3600 + minute * 60) * BigInt(SECOND) + BigInt(Math.round(second * SECOND));
}

/** `make_timespan([day,] hour, minute[, second])` */
const makeTimespan: ScalarFunction = variadic((values) => {
  const numbers = values.map(number);
  const [day, hour, minute, second] =
    numbers.length > 3 ? numbers : [0, numbers[0], numbers[1], numbers.length > 2 ? numbers[2] : 0];
  if (day === undefined || hour === undefined || minute === undefined || second === undefined) return null;
  const time = ticksOfTime(hour, minute, second);
  return time === null ? null : BigInt(day) * 86_400n * BigInt(SECOND) + time;
});

export const TIME_MAKERS: Family = [
  ["make_datetime", makeDatetime],
  ["make_timespan", makeTimespan],
  ["unixtime_seconds_todatetime", sinceEpoch(SECOND)],
  ["unixtime_milliseconds_todatetime", sinceEpoch(10_000)],
  ["unixtime_microseconds_todatetime", sinceEpoch(10)],
  ["unixtime_nanoseconds_todatetime", sinceEpoch(0.01)],
];
