import { kqlString } from "./kql-text.ts";

/**
 * A share of the devices, by the beginning of the device id. `all` is every device; `{prefix}` those whose id begins with
 * it (hex digits, lower-case); `{prefix, other}` those that begin with the prefix and go on with no hex digit.
 */
export type Slice = "all" | { readonly prefix: string; readonly other?: true };

const HEX: readonly string[] = "0123456789abcdef".split("");

/**
 * Deepest split: 256 shares and their rests, 2,000 devices each where there are half a million rows. Where one of those is
 * still too much the cause is not its size, and more depth would only ask more often.
 */
const MAX_DEPTH = 2;

/** The 17 shares that coverage is kept for: sixteen digits and "anything else". Total by construction. */
export const COVERAGE_SLICES: readonly Slice[] = splitOf("");

function splitOf(prefix: string): Slice[] {
  return [...HEX.map((digit): Slice => ({ prefix: prefix + digit })), { prefix, other: true }];
}

/** The next finer cut, or `undefined` where it can't go deeper. */
export function split(slice: Slice): readonly Slice[] | undefined {
  if (slice === "all") return COVERAGE_SLICES;
  if (slice.other || slice.prefix.length >= MAX_DEPTH) return undefined;
  return splitOf(slice.prefix);
}

/**
 * The same shares in the same order, beginning with another one each minute: whoever never gets to the end begins everywhere in time.
 * Seventeen is prime, so that no schedule comes back to the same few.
 */
export function rotateByTime<T>(shares: readonly T[], now: Date): readonly T[] {
  const start = Math.floor(now.getTime() / 60_000) % Math.max(1, shares.length);
  return [...shares.slice(start), ...shares.slice(0, start)];
}

/** Short name for keys, logs and Coverage: `all`, `3`, `3f`, `z` (no hex digit), `3z`. */
export function sliceName(slice: Slice): string {
  if (slice === "all") return "all";
  return slice.other ? `${slice.prefix}z` : slice.prefix;
}

/** Partition key of a device: its slice at depth one. */
export function partitionOf(deviceId: string): string {
  const first = deviceId.charAt(0).toLowerCase();
  return HEX.includes(first) ? first : "z";
}

/** The partitions of the state that a slice can touch. */
export function partitionsOf(slice: Slice): readonly string[] {
  if (slice === "all") return [...HEX, "z"];
  return [slice.prefix === "" ? "z" : slice.prefix.charAt(0)];
}

/** The `| where …` that cuts a result down to the slice; empty for all. Rows carry `DeviceId`. */
export function sliceFilter(slice: Slice): string {
  if (slice === "all") return "";
  const begins = `DeviceId startswith ${kqlString(slice.prefix)}`;
  if (!slice.other) return `\n| where ${begins}`;
  return `\n| where ${begins} and not(DeviceId matches regex ${kqlString(`(?i)^${slice.prefix}[0-9a-f]`)})`;
}
