import { keyOf } from "../../compare.ts";
import type { Value } from "../../value.ts";
import { isList, isMap, toDynamic, untagged } from "../../value.ts";
import type { Compiled, Scope } from "../scope.ts";
import { unsupported } from "../scope.ts";
import type { SyntaxView } from "../../syntax.ts";
import type { Family, ScalarFunction } from "./family.ts";
import { text, variadic } from "./family.ts";

/** Property bags. Null where the argument is no bag. Keys keep their order. */
const ofBag = (
  compute: (bag: ReadonlyMap<string, Value>, others: readonly Value[], types: readonly string[]) => Value,
): ScalarFunction =>
  variadic(([bag, ...others], [, ...types]) => (bag !== undefined && isMap(bag) ? compute(bag, others, types) : null));

const pack: ScalarFunction = variadic((values, types) => {
  const bag = new Map<string, Value>();
  for (let i = 0; i + 1 < values.length; i += 2)
    bag.set(text(values[i]), toDynamic(values[i + 1] ?? null, types[i + 1] ?? "dynamic"));
  return bag;
});

/** Merges bags: of a repeated key the first value wins; other values are skipped. */
const merge: ScalarFunction = variadic((values) => {
  const bags = values.filter(isMap);
  if (bags.length === 0) return null;
  const merged = new Map<string, Value>();
  for (const bag of bags) for (const [key, value] of bag) if (!merged.has(key)) merged.set(key, value);
  return merged;
});

/** A bag from lists of keys and values; a key without a value gets null. */
const zip: ScalarFunction = variadic(([keys, values]) => {
  if (keys === undefined || values === undefined || !isList(keys) || !isList(values)) return null;
  return new Map(keys.flatMap((key, i) => (typeof key === "string" ? [[key, values[i] ?? null]] : [])));
});

const has = ofBag((bag, [key]) => bag.has(text(key)));

const removeKeys = ofBag((bag, [keys]) => {
  const taken = new Set(keys !== undefined && isList(keys) ? keys.map((key) => keyOf(untagged(key))) : []);
  return new Map([...bag].filter(([key]) => !taken.has(key)));
});

const setKey = ofBag((bag, [key, value], [, type]) => {
  const changed = new Map(bag);
  changed.set(text(key), toDynamic(value ?? null, type ?? "dynamic"));
  return changed;
});

export const BAGS: Family = [
  ["bag_pack", pack],
  ["pack", pack],
  ["pack_dictionary", pack],
  ["bag_merge", merge],
  ["bag_zip", zip],
  ["bag_keys", ofBag((bag) => [...bag.keys()])],
  ["bag_has_key", has],
  ["bag_remove_keys", removeKeys],
  ["bag_set_key", setKey],
];

/** `pack_all([ignore nulls and empty])`: the row's columns by name. */
export function packAll(node: SyntaxView, scope: Scope, args: readonly Compiled[]): Compiled {
  const row = scope.row;
  const [ignoring] = args;
  if (row === undefined || (ignoring !== undefined && !ignoring.constant))
    return unsupported(scope, "pack_all()", node);
  const skip = ignoring?.get([]) === true;
  return {
    type: "dynamic",
    constant: false,
    get: (given) => {
      const bag = new Map<string, Value>();
      for (const { name, type, get } of row.columns) {
        const value = get(given);
        if (!skip || (value !== null && value !== "")) bag.set(name, toDynamic(value, type));
      }
      return bag;
    },
  };
}
