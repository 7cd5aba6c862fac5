import { keyOf, order } from "../../compare.ts";
import type { Value } from "../../value.ts";
import { long, untagged } from "../../value.ts";
import { hold, weight } from "../budget.ts";
import type { Row } from "../relation.ts";
import type { Aggregate, AggregateCall, AggregateFamily } from "./accumulator.ts";
import { argument, fold } from "./accumulator.ts";

type Condition = (row: Row) => boolean;

const always: Condition = () => true;

/** The condition of an `…if` aggregate is its last argument. */
function conditionOf(call: AggregateCall, index: number): Condition {
  const { get } = argument(call, index);
  return (row) => get(row) === true;
}

const count: Aggregate = () =>
  fold(
    () => 0,
    (n) => n + 1,
    (n) => n,
  );

const countIf: Aggregate = (call) => {
  const holds = conditionOf(call, 0);
  return fold(
    () => 0,
    (n, row) => (holds(row) ? n + 1 : n),
    (n) => n,
  );
};

/** Largest or smallest value. Nulls are skipped; null where there is no value. */
const extreme =
  (keep: (found: number) => boolean, conditional: boolean): Aggregate =>
  (call) => {
    const { get } = argument(call, 0);
    const holds = conditional ? conditionOf(call, 1) : always;
    return fold<Value>(
      () => null,
      (best, row) => {
        if (!holds(row)) return best;
        const value = get(row);
        return value !== null && (best === null || keep(order(value, best))) ? value : best;
      },
      (best) => best ?? (call.types[0] === "string" ? "" : null),
    );
  };

const isGreater = (found: number): boolean => found > 0;
const isLess = (found: number): boolean => found < 0;

/** Sum: integers and timespans exact, reals as doubles; 0 where there is no value. */
const sum =
  (conditional: boolean): Aggregate =>
  (call) => {
    const { get } = argument(call, 0);
    const holds = conditional ? conditionOf(call, 1) : always;
    const type = call.types[0] ?? "long";
    if (type === "real" || type === "decimal") {
      return fold(
        () => 0,
        (total, row) => (holds(row) ? total + Number(untagged(get(row)) ?? 0) : total),
        (total) => total,
      );
    }
    return fold(
      () => 0n,
      (total, row) => {
        const value = holds(row) ? untagged(get(row)) : null;
        return typeof value === "number" || typeof value === "bigint" ? total + BigInt(value) : total;
      },
      (total) => (type === "timespan" ? total : long(total)),
    );
  };

/** Average; NaN where there is no value. */
const average =
  (conditional: boolean): Aggregate =>
  (call) => {
    const { get } = argument(call, 0);
    const holds = conditional ? conditionOf(call, 1) : always;
    const isTime = call.types[0] === "datetime" || call.types[0] === "timespan";
    return fold(
      () => ({ n: 0, total: 0, ticks: 0n }),
      (state, row) => {
        const value = holds(row) ? untagged(get(row)) : null;
        if (typeof value !== "number" && typeof value !== "bigint") return state;
        state.n += 1;
        if (isTime) state.ticks += BigInt(value);
        else state.total += Number(value);
        return state;
      },
      ({ n, total, ticks }) => (isTime ? (n === 0 ? null : ticks / BigInt(n)) : total / n),
    );
  };

/** Number of distinct values. Exact; the service estimates large counts. Nulls are not counted. */
const distinctCount =
  (conditional: boolean): Aggregate =>
  (call) => {
    const { get } = argument(call, 0);
    const holds = conditional ? conditionOf(call, 1) : always;
    return fold(
      () => new Set<unknown>(),
      (seen, row) => {
        const value = holds(row) ? get(row) : null;
        if (value === null) return seen;
        const before = seen.size;
        seen.add(keyOf(untagged(value)));
        if (seen.size > before) hold(call.scope, call.node, weight(value));
        return seen;
      },
      (seen) => seen.size,
    );
  };

/** Combines all values as 64 bits; null where there is no value. */
const combined =
  (combine: (left: bigint, right: bigint) => bigint): Aggregate =>
  (call) => {
    const { get } = argument(call, 0);
    return fold<bigint | undefined>(
      () => undefined,
      (state, row) => {
        const value = get(row);
        if (typeof value !== "number" && typeof value !== "bigint") return state;
        return state === undefined ? BigInt(value) : combine(state, BigInt(value));
      },
      (state) => (state === undefined ? null : long(state)),
    );
  };

export const STATISTICS: AggregateFamily = [
  ["count", count],
  ["countif", countIf],
  ["min", extreme(isLess, false)],
  ["max", extreme(isGreater, false)],
  ["minif", extreme(isLess, true)],
  ["maxif", extreme(isGreater, true)],
  ["sum", sum(false)],
  ["sumif", sum(true)],
  ["avg", average(false)],
  ["avgif", average(true)],
  ["dcount", distinctCount(false)],
  ["dcountif", distinctCount(true)],
  ["count_distinct", distinctCount(false)],
  ["count_distinctif", distinctCount(true)],
  ["binary_all_and", combined((left, right) => left & right)],
  ["binary_all_or", combined((left, right) => left | right)],
  ["binary_all_xor", combined((left, right) => left ^ right)],
];
