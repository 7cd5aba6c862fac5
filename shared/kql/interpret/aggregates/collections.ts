import { keyOf } from "../../compare.ts";
import type { Value } from "../../value.ts";
import { isList, isMap, missing, toDynamic, untagged } from "../../value.ts";
import { hold, weight } from "../budget.ts";
import { NO_ROW } from "../scope.ts";
import type { Aggregate, AggregateCall, AggregateFamily } from "./accumulator.ts";
import { argument, fold } from "./accumulator.ts";

/** Most elements of a set or list without an explicit cap: the service's default. */
const DEFAULT_CAP = 1_048_576;

/** The default of the functions with the former names. */
const FORMER_CAP = 128;

interface Options {
  readonly distinct: boolean;
  readonly conditional: boolean;
  readonly withNulls?: boolean;
}

/** Elements in order of arrival, up to the cap, without nulls. A set of lists is the set of their elements. */
const collected =
  ({ distinct, conditional, withNulls = false }: Options): Aggregate =>
  (call) => {
    const { get, type } = argument(call, 0);
    const condition = conditional ? argument(call, 1).get : undefined;
    const cap = capOf(call, conditional ? 2 : 1);
    const add = (state: { readonly list: Value[]; readonly seen: Set<unknown> }, value: Value): void => {
      if (state.list.length >= cap || (value === null && !withNulls)) return;
      if (distinct) {
        const key = keyOf(untagged(value));
        if (state.seen.has(key)) return;
        state.seen.add(key);
      }
      hold(call.scope, call.node, weight(value));
      state.list.push(toDynamic(value, type));
    };
    return fold(
      () => ({ list: new Array<Value>(), seen: new Set<unknown>() }),
      (state, row) => {
        if (state.list.length >= cap || (condition !== undefined && condition(row) !== true)) return state;
        const value = get(row);
        if (distinct && isList(value)) for (const element of value) add(state, element);
        else add(state, value);
        return state;
      },
      ({ list }) => list,
    );
  };

/** Merges all bags; of a repeated key the first value wins. Other values are skipped. */
const bag =
  (conditional: boolean): Aggregate =>
  (call) => {
    const { get } = argument(call, 0);
    const condition = conditional ? argument(call, 1).get : undefined;
    const cap = capOf(call, conditional ? 2 : 1);
    return fold(
      () => new Map<string, Value>(),
      (made, row) => {
        const value = condition === undefined || condition(row) === true ? get(row) : null;
        if (!isMap(value)) return made;
        for (const [key, element] of value)
          if (made.size < cap && !made.has(key)) {
            hold(call.scope, call.node, weight(element));
            made.set(key, element);
          }
        return made;
      },
      (made) => made,
    );
  };

function capOf(call: AggregateCall, index: number): number {
  const given = call.args[index]?.get(NO_ROW);
  if (typeof given === "number" && given >= 0) return given;
  return call.name === "makeset" || call.name === "makelist" ? FORMER_CAP : DEFAULT_CAP;
}

/** The values of the first row. With a single argument: its first value that is neither null nor empty, if there is one. */
const any =
  (conditional: boolean): Aggregate =>
  (call) => {
    const chosen = conditional ? call.args.slice(0, 1) : call.args;
    const condition = conditional ? argument(call, 1).get : undefined;
    return () => {
      let taken: Value[] | undefined;
      return {
        add: (row) => {
          const settled = taken !== undefined && (taken.length > 1 || (taken[0] !== null && taken[0] !== ""));
          if (settled || (condition !== undefined && condition(row) !== true)) return;
          const values = chosen.map(({ get }) => get(row));
          if (taken === undefined || (values[0] !== null && values[0] !== "")) taken = values;
        },
        values: () => taken ?? call.types.map(missing),
      };
    };
  };

export const COLLECTIONS: AggregateFamily = [
  ["make_set", collected({ distinct: true, conditional: false })],
  ["make_list", collected({ distinct: false, conditional: false })],
  ["make_list_with_nulls", collected({ distinct: false, conditional: false, withNulls: true })],
  ["make_set_if", collected({ distinct: true, conditional: true })],
  ["make_list_if", collected({ distinct: false, conditional: true })],
  ["makeset", collected({ distinct: true, conditional: false })],
  ["makelist", collected({ distinct: false, conditional: false })],
  ["make_bag", bag(false)],
  ["make_bag_if", bag(true)],
  ["take_any", any(false)],
  ["any", any(false)],
  ["take_anyif", any(true)],
  ["anyif", any(true)],
];
