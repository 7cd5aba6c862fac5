import { floorTicks } from "../../datetime.ts";
import { order } from "../../compare.ts";
import type { Value } from "../../value.ts";
import { long } from "../../value.ts";
import { toType } from "../expression.ts";
import type { Family, ScalarFunction } from "./family.ts";
import { argument, number, unary, variadic } from "./family.ts";

/** Largest multiple of the step that is at most the value; null for a step that is not positive. */
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
  // Longs beyond 2^53 are bigint: their floor is a long again.
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

/** Bitwise operation on signed 64 bits; null where an operand is no integer. */
const bits = (compute: (left: bigint, right: bigint) => bigint): ScalarFunction =>
  variadic(([left, right]) => {
    const [first, second] = [integer(left), integer(right)];
    return first === undefined || second === undefined ? null : long(compute(first, second));
  });

const integer = (value: Value | undefined): bigint | undefined =>
  typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value)) ? BigInt(value) : undefined;

/** Shift by fewer than 64 places, to either side. */
const places = (value: bigint): bigint => BigInt.asUintN(6, value);

const absolute = unary((value) =>
  typeof value === "number" ? Math.abs(value) : typeof value === "bigint" && value < 0n ? -value : value,
);

const power = variadic(([base, exponent]) => {
  const [first, second] = [number(base), number(exponent)];
  return first === undefined || second === undefined ? null : first ** second;
});

const realNumber = (test: (value: number) => boolean): ScalarFunction => unary((value) => test(Number(value)));

const sign = unary((value) => (typeof value === "bigint" ? (value < 0n ? -1 : 1) : Math.sign(Number(value))));

/** `bin_at`: bins aligned to the fixed point. */
const binAt: ScalarFunction = (call) => {
  const [value, size, point] = [0, 1, 2].map((i) => argument(call, i).get);
  return (row) => {
    const [given, step, fixed] = [value?.(row) ?? null, size?.(row) ?? null, point?.(row) ?? null];
    if (typeof given === "bigint" && typeof step === "bigint" && typeof fixed === "bigint") {
      const below = floorTicks(given - fixed, step);
      return below === null ? null : below + fixed;
    }
    if (typeof given !== "number" || typeof step !== "number" || typeof fixed !== "number" || !(step > 0)) return null;
    return Math.floor((given - fixed) / step) * step + fixed;
  };
};

export const NUMBERS: Family = [
  ["bin", bin],
  ["floor", bin],
  ["bin_at", binAt],
  ["max_of", extreme((found) => found > 0)],
  ["min_of", extreme((found) => found < 0)],
  ["abs", absolute],
  ["sign", sign],
  ["round", round],
  ["pow", power],
  ["sqrt", real((value) => (value < 0 ? Number.NaN : Math.sqrt(value)))],
  ["log", real(Math.log)],
  ["log2", real(Math.log2)],
  ["log10", real(Math.log10)],
  ["exp", real(Math.exp)],
  ["exp2", real((value) => 2 ** value)],
  ["exp10", real((value) => 10 ** value)],
  ["ceiling", real(Math.ceil)],
  ["isfinite", realNumber(Number.isFinite)],
  ["isinf", realNumber((value) => Math.abs(value) === Infinity)],
  ["pi", () => () => Math.PI],
  ["binary_and", bits((left, right) => left & right)],
  ["binary_or", bits((left, right) => left | right)],
  ["binary_xor", bits((left, right) => left ^ right)],
  ["binary_shift_left", bits((left, right) => left << places(right))],
  ["binary_shift_right", bits((left, right) => left >> places(right))],
  [
    "binary_not",
    unary((value) => {
      const given = integer(value);
      return given === undefined ? null : long(~given);
    }),
  ],
];
