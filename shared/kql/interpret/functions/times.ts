import { dateOfTicks, floorTicks, inRange, ticksOfDate } from "../../datetime.ts";
import type { Family, ScalarFunction } from "./family.ts";
import { argument, number, unaryOrNull } from "./family.ts";

/** `now([offset])`: the time of the execution, the same in every row. */
const now: ScalarFunction = ({ scope, args }) => {
  const offset = args[0]?.get;
  return (row) => {
    const span = offset === undefined ? 0n : offset(row);
    return typeof span === "bigint" ? inRange(scope.execution.nowTicks + span) : null;
  };
};

const ago: ScalarFunction = (call) => {
  const { get } = argument(call, 0);
  return (row) => {
    const span = get(row);
    return typeof span === "bigint" ? inRange(call.scope.execution.nowTicks - span) : null;
  };
};

const DAY = 864_000_000_000n;

type Unit = "hour" | "day" | "week" | "month" | "year";

/** Beginning of the UTC unit (weeks begin on Sunday), moved by `offset` units. */
function startTicks(ticks: bigint, unit: Unit, offset: number): bigint | null {
  if (unit === "hour") return inRange((floorTicks(ticks, DAY / 24n) ?? ticks) + BigInt(offset) * (DAY / 24n));
  const date = dateOfTicks(floorTicks(ticks, DAY) ?? ticks);
  if (unit === "day") date.setUTCDate(date.getUTCDate() + offset);
  else if (unit === "week") date.setUTCDate(date.getUTCDate() - date.getUTCDay() + 7 * offset);
  else if (unit === "month") date.setUTCMonth(date.getUTCMonth() + offset, 1);
  else date.setUTCFullYear(date.getUTCFullYear() + offset, 0, 1);
  return inRange(ticksOfDate(date));
}

const startOf =
  (unit: Unit, end: boolean): ScalarFunction =>
  (call) => {
    const { get } = argument(call, 0);
    const offset = call.args[1]?.get;
    return (row) => {
      const ticks = get(row);
      if (typeof ticks !== "bigint") return null;
      const units = offset === undefined ? 0 : (number(offset(row)) ?? 0);
      const found = startTicks(ticks, unit, end ? units + 1 : units);
      return end && found !== null ? found - 1n : found;
    };
  };

export const TIMES: Family = [
  ["now", now],
  ["ago", ago],
  ["startofday", startOf("day", false)],
  ["startofweek", startOf("week", false)],
  ["startofmonth", startOf("month", false)],
  ["startofyear", startOf("year", false)],
  ["endofday", startOf("day", true)],
  ["endofweek", startOf("week", true)],
  ["endofmonth", startOf("month", true)],
  ["endofyear", startOf("year", true)],
  [
    "dayofweek",
    unaryOrNull((value) => (typeof value === "bigint" ? BigInt(dateOfTicks(value).getUTCDay()) * DAY : null)),
  ],
];
