import { order } from "../../compare.ts";
import type { Value } from "../../value.ts";
import { missing } from "../../value.ts";
import type { Row } from "../relation.ts";
import type { Aggregate, AggregateFamily } from "./accumulator.ts";
import { argument } from "./accumulator.ts";

/**
 * The row with the largest (smallest) first argument: that value, then the other arguments of the row. The first of equal rows; a
 * null only where there is nothing else.
 */
const extremeRow =
  (keep: (found: number) => boolean): Aggregate =>
  (call) => {
    const { get } = argument(call, 0);
    return () => {
      let best: Value = null;
      let chosen: Row | undefined;
      return {
        add: (row) => {
          const value = get(row);
          if (chosen === undefined || (value !== null && (best === null || keep(order(value, best))))) {
            best = value;
            chosen = row;
          }
        },
        values: () => {
          const row = chosen;
          return row === undefined ? call.types.map(missing) : call.args.map((arg) => arg.get(row));
        },
      };
    };
  };

export const EXTREMES: AggregateFamily = [
  ["arg_max", extremeRow((found) => found > 0)],
  ["arg_min", extremeRow((found) => found < 0)],
  ["argmax", extremeRow((found) => found > 0)],
  ["argmin", extremeRow((found) => found < 0)],
];
