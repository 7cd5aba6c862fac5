import { dateOfTicks, floorTicks, inRange, ticksOfDate } from "../../datetime.ts";
import type { Value } from "../../value.ts";
import { long } from "../../value.ts";
import { fail } from "../scope.ts";
import type { Call, Family, ScalarFunction } from "./family.ts";
import { number, text, unary, variadic } from "./family.ts";

/** Parts of datetimes, and arithmetic in calendar units. Source: the functions' pages of the Kusto documentation. */

const SECOND = 10_000_000n;
const DAY = 86_400n * SECOND;

/** Ticks of the units with a fixed length. */
const FIXED: ReadonlyMap<string, bigint> = new Map([
  ["week", 7n * DAY],
  ["day", DAY],
  ["hour", 3600n * SECOND],
  ["minute", 60n * SECOND],
  ["second", SECOND],
  ["millisecond", 10_000n],
  ["microsecond", 10n],
]);

/** Months of the units with a varying length. */
const MONTHS: ReadonlyMap<string, number> = new Map([
  ["year", 12],
  ["quarter", 3],
  ["month", 1],
]);

/** Clamps to the month's last day: 31 January plus a month is the last of February. */
function addMonths(ticks: bigint, months: number): bigint | null {
  const timeOfDay = ticks % DAY;
  const date = dateOfTicks(ticks - timeOfDay);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(date.getTime());
  lastDay.setUTCMonth(lastDay.getUTCMonth() + 1, 0);
  date.setUTCDate(Math.min(day, lastDay.getUTCDate()));
  return Number.isNaN(date.getTime()) ? null : inRange(ticksOfDate(date) + timeOfDay);
}

/** `datetime_add(part, amount, datetime)` */
const add: ScalarFunction = (call) =>
  variadic(([part, amount, when]) => {
    const count = number(amount);
    if (typeof when !== "bigint" || count === undefined) return null;
    const unit = text(part).toLowerCase();
    const months = MONTHS.get(unit);
    if (months !== undefined) return addMonths(when, months * count);
    if (unit === "nanosecond") return inRange(when + BigInt(Math.trunc(count / 100)));
    return inRange(when + BigInt(count) * fixed(unit, call));
  })(call);

function fixed(unit: string, call: Call): bigint {
  return (
    FIXED.get(unit) ?? fail(call.scope, `${call.name}() does not know the part ${JSON.stringify(unit)}`, call.node)
  );
}

const monthsOf = (ticks: bigint): number => {
  const date = dateOfTicks(ticks);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
};

/** Number of the unit that contains the time. Weeks begin on Sunday; 0001-01-01 was a Monday. */
function unitNumber(ticks: bigint, unit: string, call: Call): bigint {
  const months = MONTHS.get(unit);
  if (months !== undefined) return BigInt(Math.floor(monthsOf(ticks) / months));
  return unit === "week" ? (ticks + DAY) / (7n * DAY) : ticks / fixed(unit, call);
}

/** `datetime_diff(part, first, second)`: the number of unit boundaries between the two. */
const difference: ScalarFunction = (call) =>
  variadic(([part, first, second]) => {
    if (typeof first !== "bigint" || typeof second !== "bigint") return null;
    const unit = text(part).toLowerCase();
    if (unit === "nanosecond") return long((first - second) * 100n);
    return long(unitNumber(first, unit, call) - unitNumber(second, unit, call));
  })(call);

type Part = (ticks: bigint) => number;

const dayOfYear: Part = (ticks) => {
  const date = dateOfTicks(ticks);
  return Number(floorTicks(ticks, DAY) ?? 0n) / Number(DAY) - Number(startOfYear(date.getUTCFullYear()) / DAY) + 1;
};

function startOfYear(year: number): bigint {
  const date = new Date(0);
  date.setUTCFullYear(year, 0, 1);
  return ticksOfDate(date);
}

/** Week of ISO 8601: week 1 contains the year's first Thursday. */
const isoWeek: Part = (ticks) => {
  const days = ticks / DAY;
  const thursday = days - (days % 7n) + 3n; // day 0 was a Monday
  return Math.floor((dayOfYear(thursday * DAY) - 1) / 7) + 1;
};

const month: Part = (ticks) => dateOfTicks(ticks).getUTCMonth() + 1;

const PARTS: ReadonlyMap<string, Part> = new Map<string, Part>([
  ["year", (ticks) => dateOfTicks(ticks).getUTCFullYear()],
  ["quarter", (ticks) => Math.ceil(month(ticks) / 3)],
  ["month", month],
  ["week_of_year", isoWeek],
  ["day", (ticks) => dateOfTicks(ticks).getUTCDate()],
  ["dayofyear", dayOfYear],
  ["hour", (ticks) => Number((ticks / (3600n * SECOND)) % 24n)],
  ["minute", (ticks) => Number((ticks / (60n * SECOND)) % 60n)],
  ["second", (ticks) => Number((ticks / SECOND) % 60n)],
  ["millisecond", (ticks) => Number((ticks % SECOND) / 10_000n)],
  ["microsecond", (ticks) => Number((ticks % SECOND) / 10n)],
  ["nanosecond", (ticks) => Number((ticks % SECOND) * 100n)],
]);

/** `datetime_part(part, datetime)` */
const part: ScalarFunction = (call) =>
  variadic(([name, when]) => {
    if (typeof when !== "bigint") return null;
    const unit = text(name).toLowerCase();
    const find = PARTS.get(unit);
    return find === undefined
      ? fail(call.scope, `${call.name}() does not know the part ${JSON.stringify(unit)}`, call.node)
      : find(when);
  })(call);

const partOf = (name: string): ScalarFunction =>
  unary((value): Value => (typeof value === "bigint" ? (PARTS.get(name)?.(value) ?? null) : null));

export const CALENDAR: Family = [
  ["datetime_add", add],
  ["datetime_diff", difference],
  ["datetime_part", part],
  ["dayofmonth", partOf("day")],
  ["dayofyear", partOf("dayofyear")],
  ["getmonth", partOf("month")],
  ["getyear", partOf("year")],
  ["hourofday", partOf("hour")],
  ["monthofyear", partOf("month")],
  ["week_of_year", partOf("week_of_year")],
];
