import { keyOf } from "../../compare.ts";
import type { Value } from "../../value.ts";
import { missing, toDynamic, untagged } from "../../value.ts";
import { hold, weight } from "../budget.ts";
import { NO_ROW } from "../scope.ts";
import type { Aggregate, AggregateCall, AggregateFamily } from "./accumulator.ts";
import { argument, fold } from "./accumulator.ts";

/** Elements that a set or list holds where the query names no cap: the service's own. */
const DEFAULT_CAP = 1_048_576;

interface Options {
  readonly distinct: boolean;
  readonly conditional: boolean;
}

/** Elements in order of arrival, up to the cap; nulls are left out. */
const collected =
  ({ distinct, conditional }: Options): Aggregate =>
  (call) => {
    const { get, type } = argument(call, 0);
    const condition = conditional ? argument(call, 1).get : undefined;
    const cap = capOf(call, conditional ? 2 : 1);
    return fold(
      () => ({ list: new Array<Value>(), seen: new Set<unknown>() }),
      (state, row) => {
        if (state.list.length >= cap || (condition !== undefined && condition(row) !== true)) return state;
        const value = get(row);
        if (value === null) return state;
        if (distinct) {
          const key = keyOf(untagged(value));
          if (state.seen.has(key)) return state;
          state.seen.add(key);
        }
        hold(call.scope, call.node, weight(value));
        state.list.push(toDynamic(value, type));
        return state;
      },
      ({ list }) => list,
    );
  };

function capOf(call: AggregateCall, index: number): number {
  const given = call.args[index]?.get(NO_ROW);
  return typeof given === "number" && given >= 0 ? given : DEFAULT_CAP;
}

/** The first value that is not null, of each argument the same row where it has one. */
const any: Aggregate = (call) => () => {
  let taken: Value[] | undefined;
  return {
    add: (row) => {
      if (taken === undefined) taken = call.args.map(({ get }) => get(row));
      else if (taken.includes(null)) taken = taken.map((value, i) => value ?? call.args[i]?.get(row) ?? null);
    },
    values: () => taken ?? call.types.map(missing),
  };
};

export const COLLECTIONS: AggregateFamily = [
  ["make_set", collected({ distinct: true, conditional: false })],
  ["make_list", collected({ distinct: false, conditional: false })],
  ["make_set_if", collected({ distinct: true, conditional: true })],
  ["make_list_if", collected({ distinct: false, conditional: true })],
  ["makeset", collected({ distinct: true, conditional: false })],
  ["makelist", collected({ distinct: false, conditional: false })],
  ["take_any", any],
  ["any", any],
];
