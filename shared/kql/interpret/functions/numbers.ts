import { floorTicks } from "../../datetime.ts";
import { order } from "../../compare.ts";
import type { Value } from "../../value.ts";
import { long } from "../../value.ts";
import { toType } from "../expression.ts";
import type { Family, ScalarFunction } from "./family.ts";
import { argument, number, unary } from "./family.ts";

/** Largest multiple of the step that is not above the value; null for a step that is not positive. */
function binned(value: Value, step: Value): Value {
  if (typeof value === "bigint" && typeof step === "bigint") return floorTicks(value, step);
  if (typeof value === "number" && typeof step === "number") {
    if (!(step > 0)) return null;
    const result = Math.floor(value / step) * step;
    return result === 0 ? 0 : result; // no -0
  }
  if (
    (typeof value === "bigint" || typeof value === "number") &&
    (typeof step === "bigint" || typeof step === "number")
  ) {
    const floored = floorTicks(BigInt(value), BigInt(step));
    return floored === null ? null : long(floored);
  }
  return null;
}

const bin: ScalarFunction = (call) => {
  const value = argument(call, 0);
  const step = argument(call, 1);
  const isTime = value.type === "datetime" || value.type === "timespan";
  const size = isTime && step.type !== "timespan" ? toType(step, "timespan").get : step.get;
  // Two longs beyond 2^53 are bigint both: their floor is a long again.
  const isLong = call.type === "long" || call.type === "int";
  return (row) => {
    const result = binned(value.get(row), size(row));
    return isLong && typeof result === "bigint" ? long(result) : result;
  };
};

const extreme =
  (keep: (found: number) => boolean): ScalarFunction =>
  (call) => {
    const getters = call.args.map((arg) => toType(arg, call.type).get);
    return (row) => {
      let best: Value = null;
      for (const get of getters) {
        const value = get(row);
        if (value !== null && (best === null || keep(order(value, best)))) best = value;
      }
      return best;
    };
  };

const real = (compute: (value: number) => number): ScalarFunction =>
  unary((value) => {
    const given = number(value);
    return given === undefined ? null : compute(given);
  });

const round: ScalarFunction = (call) => {
  const { get } = argument(call, 0);
  const digits = call.args[1]?.get;
  return (row) => {
    const value = number(get(row));
    if (value === undefined) return null;
    const scale = 10 ** (digits === undefined ? 0 : (number(digits(row)) ?? 0));
    return Math.round(value * scale) / scale;
  };
};

export const NUMBERS: Family = [
  ["bin", bin],
  ["floor", bin],
  ["max_of", extreme((found) => found > 0)],
  ["min_of", extreme((found) => found < 0)],
  [
    "abs",
    unary((value) =>
      typeof value === "number" ? Math.abs(value) : typeof value === "bigint" && value < 0n ? -value : value,
    ),
  ],
  ["round", round],
  ["sqrt", real(Math.sqrt)],
  ["log", real(Math.log)],
  ["exp", real(Math.exp)],
  ["ceiling", real(Math.ceil)],
];
