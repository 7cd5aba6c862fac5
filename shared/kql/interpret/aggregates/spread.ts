import { order } from "../../compare.ts";
import type { Value } from "../../value.ts";
import { isList, toDynamic, untagged } from "../../value.ts";
import { hold } from "../budget.ts";
import { NO_ROW } from "../scope.ts";
import type { Aggregate, AggregateFamily } from "./accumulator.ts";
import { argument, fold } from "./accumulator.ts";

interface Moments {
  n: number;
  mean: number;
  /** Sum of the squared distances from the mean. */
  squares: number;
}

/** Variance of a sample (divided by n - 1) or of the whole population; 0 for fewer than two values. Nulls are skipped. */
const spread =
  (basis: "sample" | "population", conditional: boolean, result: (variance: number) => number): Aggregate =>
  (call) => {
    const { get } = argument(call, 0);
    const condition = conditional ? argument(call, 1).get : undefined;
    return fold(
      (): Moments => ({ n: 0, mean: 0, squares: 0 }),
      (state, row) => {
        const value = condition === undefined || condition(row) === true ? untagged(get(row)) : null;
        if (typeof value !== "number" && typeof value !== "bigint") return state;
        // Welford's method: never subtracts the squares of large numbers from each other.
        state.n += 1;
        const distance = Number(value) - state.mean;
        state.mean += distance / state.n;
        state.squares += distance * (Number(value) - state.mean);
        return state;
      },
      ({ n, squares }) => (n < 2 ? 0 : result(squares / (basis === "sample" ? n - 1 : n))),
    );
  };

const plain = (variance: number): number => variance;

/** Percentiles by nearest rank. Exact; the service estimates. */
const percentiles =
  (asList: boolean): Aggregate =>
  (call) => {
    const { get, type } = argument(call, 0);
    const wanted = call.args.slice(1).flatMap(({ get: share }) => {
      const given = share(NO_ROW);
      return isList(given) ? given.map((value) => Number(untagged(value))) : [Number(given)];
    });
    return () => {
      const values: Value[] = [];
      return {
        add: (row) => {
          const value = get(row);
          if (value === null) return;
          hold(call.scope, call.node);
          values.push(value);
        },
        values: () => {
          values.sort(order);
          const found = wanted.map(
            (share) => values[Math.max(0, Math.ceil((share / 100) * values.length) - 1)] ?? null,
          );
          return asList ? [found.map((value) => toDynamic(value, type))] : found;
        },
      };
    };
  };

export const SPREAD: AggregateFamily = [
  ["stdev", spread("sample", false, Math.sqrt)],
  ["stdevif", spread("sample", true, Math.sqrt)],
  ["stdevp", spread("population", false, Math.sqrt)],
  ["variance", spread("sample", false, plain)],
  ["varianceif", spread("sample", true, plain)],
  ["variancep", spread("population", false, plain)],
  ["percentile", percentiles(false)],
  ["percentiles", percentiles(false)],
  ["percentiles_array", percentiles(true)],
];
