import { order } from "../../compare.ts";
import type { Value } from "../../value.ts";
import { Tagged, dynamicType, isList, long, toDynamic, untagged } from "../../value.ts";
import { MAX_ELEMENTS } from "../budget.ts";
import { fail, unsupported } from "../scope.ts";
import type { Family, ScalarFunction } from "./family.ts";
import { number, variadic } from "./family.ts";

/** A function of a dynamic list; null where the argument is no list. */
const ofList = (
  compute: (list: readonly Value[], others: readonly Value[], types: readonly string[]) => Value,
): ScalarFunction =>
  variadic(([list, ...others], [, ...types]) =>
    list !== undefined && isList(list) ? compute(list, others, types) : null,
  );

/** `array_slice`: both ends included; negative indexes count from the end. */
const slice = ofList((list, [start, end]) => {
  const place = (value: Value | undefined): number => {
    const given = number(value) ?? 0;
    return given < 0 ? given + list.length : given;
  };
  return list.slice(Math.max(0, place(start)), Math.max(0, place(end) + 1));
});

/** Rotates to the left (or right) by a number of places. */
const rotated = (direction: 1 | -1): ScalarFunction =>
  ofList((list, [distance]) => {
    if (list.length === 0) return list;
    const places = ((((number(distance) ?? 0) * direction) % list.length) + list.length) % list.length;
    return [...list.slice(places), ...list.slice(0, places)];
  });

/** Shifts to the left (or right) by a number of places; fills with the third argument, or null. */
const shifted = (direction: 1 | -1): ScalarFunction =>
  ofList((list, [distance, filling], [, type]) => {
    const places = Math.trunc(number(distance) ?? 0) * direction;
    const fill = toDynamic(filling ?? null, type ?? "dynamic");
    return list.map((_, i) => {
      const from = i + places;
      return from >= 0 && from < list.length ? (list[from] ?? null) : fill;
    });
  });

/** `array_split`: cuts before each of the indexes. */
const split = ofList((list, [places]) => {
  const cuts = (places !== undefined && isList(places) ? places : [places ?? null]).map((place) => {
    const given = number(untagged(place)) ?? 0;
    return given < 0 ? Math.max(0, given + list.length) : given;
  });
  return [...cuts, list.length].map((end, i) => list.slice(i === 0 ? 0 : cuts[i - 1], end));
});

/** Sorts numbers and times first, then texts, then the rest; within each by value. Stable. */
function rank(value: Value): number {
  const type = dynamicType(value);
  if (["long", "real", "datetime", "timespan", "bool"].includes(type)) return 0;
  return type === "string" ? 1 : 2;
}

const sorted =
  (descending: boolean): ScalarFunction =>
  (call) => {
    const [list, ...others] = call.args;
    if (list === undefined || others.some(({ type }) => type !== "bool"))
      return unsupported(call.scope, `${call.name}() of several lists`, call.node);
    return ofList((given, [nullsLast]) => {
      const nulls = given.filter((value) => value === null);
      const rest = given
        .filter((value) => value !== null)
        .toSorted((a, b) => {
          const found = rank(a) - rank(b) || order(a, b);
          return descending ? -found : found;
        });
      return nullsLast === false ? [...nulls, ...rest] : [...rest, ...nulls];
    })(call);
  };

/** Sum of the elements; null where one is no number. */
const sum = ofList((list) => {
  const numbers = list.map((value) => untagged(value));
  if (numbers.some((value) => typeof value !== "number" && typeof value !== "bigint" && typeof value !== "boolean"))
    return null;
  if (list.some((value) => value instanceof Tagged || (typeof value === "number" && !Number.isInteger(value))))
    return numbers.reduce((total: number, value) => total + Number(value), 0);
  return Number(long(numbers.reduce((total: bigint, value) => total + BigInt(Number(value)), 0n)));
});

/** `zip`: lists of the elements at the same index; shorter lists are filled with nulls. */
const zip: ScalarFunction = variadic((values) => {
  const lists = values.filter(isList);
  if (lists.length < values.length) return null;
  const length = Math.max(...lists.map((list) => list.length));
  return Array.from({ length }, (_, i) => lists.map((list) => list[i] ?? null));
});

/** `repeat`; null for a negative count. */
const repeat: ScalarFunction = (call) =>
  variadic(([value, count], [type]) => {
    const times = number(count);
    if (times === undefined || times < 0) return null;
    if (times > MAX_ELEMENTS)
      return fail(call.scope, `repeat() makes ${MAX_ELEMENTS} elements at most, not ${times}`, call.node);
    return Array.from({ length: times }, () => toDynamic(value ?? null, type ?? "dynamic"));
  })(call);

/** `range(first, last[, step])`, both ends included; default step 1, or an hour. Null where an argument is null. */
const range: ScalarFunction = (call) =>
  variadic(([first, last, given], [type]) => {
    const step = given ?? (type === "datetime" || type === "timespan" ? 36_000_000_000n : 1);
    if (!isNumber(first) || !isNumber(last) || !isNumber(step) || step == 0) return null;
    const values: Value[] = [];
    const isWide = [first, last, step].some((value) => typeof value === "bigint");
    for (let i = 0; ; i++) {
      const value = isWide ? BigInt(first) + BigInt(step) * BigInt(i) : Number(first) + Number(step) * i;
      if (step > 0 ? value > last : value < last) return values;
      if (values.length >= MAX_ELEMENTS)
        return fail(call.scope, `range() makes ${MAX_ELEMENTS} elements at most`, call.node);
      const plain = typeof value === "bigint" && type !== "datetime" && type !== "timespan" ? long(value) : value;
      values.push(toDynamic(plain, type ?? "long"));
    }
  })(call);

const isNumber = (value: Value | undefined): value is number | bigint =>
  typeof value === "number" || typeof value === "bigint";

/** `array_iff(conditions, when true, when false)`, element by element; a scalar counts as a list that repeats it. */
const choose: ScalarFunction = variadic(([conditions, whenTrue, whenFalse], types) => {
  if (conditions === undefined || !isList(conditions)) return null;
  const pick = (from: Value | undefined, i: number, type: string | undefined): Value =>
    from !== undefined && isList(from) ? (from[i] ?? null) : toDynamic(from ?? null, type ?? "dynamic");
  return conditions.map((condition, i) => {
    if (condition === null) return null;
    const holds = condition === true || (typeof condition === "number" && condition !== 0);
    return holds ? pick(whenTrue, i, types[1]) : pick(whenFalse, i, types[2]);
  });
});

export const LISTS: Family = [
  ["array_slice", slice],
  ["array_reverse", ofList((list) => list.toReversed())],
  ["array_rotate_left", rotated(1)],
  ["array_rotate_right", rotated(-1)],
  ["array_shift_left", shifted(1)],
  ["array_shift_right", shifted(-1)],
  ["array_split", split],
  ["array_sort_asc", sorted(false)],
  ["array_sort_desc", sorted(true)],
  ["array_sum", sum],
  ["array_iff", choose],
  ["array_iif", choose],
  ["zip", zip],
  ["range", range],
  ["repeat", repeat],
];
