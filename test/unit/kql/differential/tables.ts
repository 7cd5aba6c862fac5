import type { Random } from "./random.ts";
import type { Row } from "./scalar.ts";
import type { Tables } from "./shape.ts";
import type { Cell, Column, Type } from "./tree.ts";

/** Small tables whose names of columns partly agree, in one case with another type. */
export const TABLES: Tables = {
  Alpha: columns({ k: "long", s: "string", n: "long", d: "dynamic", t: "datetime" }),
  Beta: columns({ k: "long", s: "string", m: "long", r: "real", b: "bool" }),
  Gamma: columns({ k: "string", n: "long", u: "string", t: "datetime" }),
};

function columns(types: Readonly<Record<string, Type>>): readonly Column[] {
  return Object.entries(types).map(([name, type]) => ({ name, type }));
}

/** 2026-01-01, ticks. */
const NEW_YEAR = 639_028_224_000_000_000n;
const HOUR = 36_000_000_000n;

/** Values that meet, miss and trip: nulls, empty strings, one digit beyond a double, letters of two cases. */
export const POOLS: Readonly<Record<Exclude<Type, "dynamic">, readonly Cell[]>> = {
  long: [null, 0n, 1n, 1n, 2n, 2n, 3n, -7n, 9_007_199_254_740_992n, 9_007_199_254_740_993n, 9_223_372_036_854_775_807n],
  string: ["", "", "a", "a", "b", "b", "ab", "ab", "A", "1", "2", "ü", "a b"],
  bool: [null, true, false],
  real: [null, -1.5, 0, 0.25, 2, 2],
  datetime: [null, ...[0n, 1n, 24n, 48n].map((hours) => ({ ticks: NEW_YEAR + hours * HOUR }))],
};

const DYNAMICS: readonly Cell[] = [
  null,
  [1n, 2n],
  [1n, "a", null],
  [],
  ["x", "x", "12"],
  [9_007_199_254_740_993n],
  { bag: [["p", 1n]] },
  {
    bag: [
      ["2", "q"],
      ["1", null],
    ],
  },
  7n,
  "text",
];

/** Rows of every table. They share few values, so that keys meet and groups have more than one row. */
export function randomRows(random: Random): Readonly<Record<string, readonly Row[]>> {
  const few = <T>(pool: readonly T[]): readonly T[] => Array.from({ length: 5 }, () => random.pick(pool));
  const pools: Readonly<Record<Type, readonly Cell[]>> = {
    long: few(POOLS.long),
    string: few(POOLS.string),
    bool: POOLS.bool,
    real: few(POOLS.real),
    datetime: few(POOLS.datetime),
    dynamic: DYNAMICS,
  };
  return Object.fromEntries(
    Object.entries(TABLES).map(([table, found]) => [
      table,
      Array.from({ length: random.oneIn(12) ? 0 : 1 + random.below(8) }, () =>
        Object.fromEntries(found.map(({ name, type }) => [name, random.pick(pools[type])])),
      ),
    ]),
  );
}
