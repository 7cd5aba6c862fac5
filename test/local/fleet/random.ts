import { createHash } from "node:crypto";

/** Chance that is the same each time: drawn from a seed and what it is for, so that a draw added here moves none there. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `from` up to, not including, `to`. */
  between(from: number, to: number): number;
  /** @throws {RangeError} when there is nothing to pick from */
  pick<T>(from: readonly T[]): T;
}

/** Mulberry32 (public domain), started from a hash of the seed and the purpose. */
export function random(seed: number, ...purpose: readonly (string | number)[]): Random {
  let state = createHash("sha256")
    .update([seed, ...purpose].join("/"))
    .digest()
    .readUInt32LE();
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (from: number, to: number): number => from + Math.floor(next() * (to - from));
  return {
    next,
    between,
    pick<T>(from: readonly T[]): T {
      const picked = from[between(0, from.length)];
      if (picked === undefined) throw new RangeError("nothing to pick from");
      return picked;
    },
  };
}

/** 40 lower-case hex digits: the form of device ids, file hashes and certificate hashes. */
export function sha1(...parts: readonly (string | number)[]): string {
  return createHash("sha1").update(parts.join("/")).digest("hex");
}
