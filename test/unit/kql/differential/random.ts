/** A stream of choices that a seed decides. */
export interface Random {
  /** Whole, from 0 to below the bound. */
  below(bound: number): number;
  /** True once in so many times. */
  oneIn(n: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** At least one, in their order. */
  some<T>(from: readonly T[]): readonly T[];
}

/** Mulberry32: 32 bits of state, the same numbers on every machine. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const below = (bound: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
  const pick = <T>(from: readonly T[]): T => {
    const place = below(from.length);
    for (const [i, one] of from.entries()) if (i === place) return one;
    throw new RangeError("nothing to pick from");
  };
  return {
    below,
    oneIn: (n) => below(n) === 0,
    pick,
    some: (from) => {
      const sure = pick(from);
      return from.filter((one) => one === sure || below(2) === 0);
    },
  };
}
