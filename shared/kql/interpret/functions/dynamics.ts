import { keyOf } from "../../compare.ts";
import { everywhere } from "../../regex.ts";
import type { Value } from "../../value.ts";
import { isList, toDynamic, untagged } from "../../value.ts";
import { patternOf } from "../pattern.ts";
import { textGetter } from "../text-getter.ts";
import type { Family, ScalarFunction } from "./family.ts";
import { argument, number, unaryOrNull, variadic } from "./family.ts";

const packArray: ScalarFunction =
  ({ args }) =>
  (row) =>
    args.map(({ get, type }) => toDynamic(get(row), type));

const keySet = (list: readonly Value[]): Set<unknown> => new Set(list.map((item) => keyOf(untagged(item))));

/** Distinct elements in order of first occurrence. */
function distinct(list: readonly Value[]): Value[] {
  const seen = new Set<unknown>();
  return list.filter((item) => {
    const key = keyOf(untagged(item));
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Applies a set operation to lists; null where an argument is no list. */
const sets = (combine: (first: readonly Value[], others: readonly (readonly Value[])[]) => Value[]): ScalarFunction =>
  variadic((values) => {
    const lists = values.filter(isList);
    const [first, ...others] = lists;
    return first === undefined || lists.length < values.length ? null : combine(first, others);
  });

const setDifference = sets((first, others) => {
  const taken = keySet(others.flat());
  return distinct(first).filter((item) => !taken.has(keyOf(untagged(item))));
});

const setIntersect = sets((first, others) => {
  const wanted = others.map(keySet);
  return distinct(first).filter((item) => wanted.every((keys) => keys.has(keyOf(untagged(item)))));
});

const indexOf: ScalarFunction = variadic(([list, sought]) => {
  if (list === undefined || !isList(list)) return null;
  const key = keyOf(untagged(sought ?? null));
  return list.findIndex((item) => keyOf(untagged(item)) === key);
});

/** `extract_all`: for every match its only group, or the list of its groups (those that the captures argument names). */
const extractAll: ScalarFunction = (call) => {
  const pattern = patternOf(argument(call, 0), call.scope, call.node);
  const captures = call.args.length > 2 ? argument(call, 1).get : undefined;
  const source = textGetter(argument(call, call.args.length - 1));
  return (row) => {
    const wanted = captures?.(row) ?? null;
    const matches = [...source(row).matchAll(everywhere(pattern(row)))].map((match) =>
      isList(wanted)
        ? wanted.map((group) => (typeof group === "string" ? match.groups?.[group] : match[number(group) ?? 0]) ?? "")
        : match.slice(1).map((group) => group ?? ""),
    );
    return matches.length === 0 ? null : matches.map((groups) => (groups.length === 1 ? (groups[0] ?? "") : groups));
  };
};

export const DYNAMICS: Family = [
  ["pack_array", packArray],
  ["array_length", unaryOrNull((value) => (isList(value) ? value.length : null))],
  ["array_concat", sets((first, others) => [...first, ...others.flat()])],
  ["array_index_of", indexOf],
  ["set_difference", setDifference],
  ["set_intersect", setIntersect],
  ["set_union", sets((first, others) => distinct([...first, ...others.flat()]))],
  [
    "set_has_element",
    variadic(([list, sought]) =>
      list !== undefined && isList(list) ? keySet(list).has(keyOf(untagged(sought ?? null))) : null,
    ),
  ],
  ["extract_all", extractAll],
];
