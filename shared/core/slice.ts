import { kqlString } from "./kql-text.ts";

/**
 * A slice of the devices, by the beginning of the device id. `all`: every device. `{prefix}`: ids that begin with the prefix (hex
 * digits, lower-case). `{prefix, other}`: ids that begin with the prefix and continue without a hex digit.
 */
export type Slice = "all" | { readonly prefix: string; readonly other?: true };

const HEX: readonly string[] = "0123456789abcdef".split("");

/**
 * Deepest split: 256 slices and the remainders, with 2,000 devices each where there are half a million rows. Where such a slice is
 * still too large, the cause is not the number of devices, and a deeper split would only send more queries.
 */
const MAX_DEPTH = 2;

/** The 17 slices for which coverage is stored: sixteen digits and "anything else". Total by construction. */
export const COVERAGE_SLICES: readonly Slice[] = splitOf("");

function splitOf(prefix: string): Slice[] {
  return [...HEX.map((digit): Slice => ({ prefix: prefix + digit })), { prefix, other: true }];
}

/** The next finer slices; `undefined` where the slice can't be split further. */
export function split(slice: Slice): readonly Slice[] | undefined {
  if (slice === "all") return COVERAGE_SLICES;
  if (slice.other || slice.prefix.length >= MAX_DEPTH) return undefined;
  return splitOf(slice.prefix);
}

/**
 * The slices in the same order, beginning with another one each minute. So a unit that is cut off every time reaches every slice
 * over time. Seventeen is prime, so that no schedule begins with the same few slices again and again.
 */
export function rotateByTime<T>(slices: readonly T[], now: Date): readonly T[] {
  const start = Math.floor(now.getTime() / 60_000) % Math.max(1, slices.length);
  return [...slices.slice(start), ...slices.slice(0, start)];
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

/** The `| where …` that filters a result by the slice; empty for `all`. Rows need a `DeviceId`. */
export function sliceFilter(slice: Slice): string {
  if (slice === "all") return "";
  const begins = `DeviceId startswith ${kqlString(slice.prefix)}`;
  if (!slice.other) return `\n| where ${begins}`;
  return `\n| where ${begins} and not(DeviceId matches regex ${kqlString(`(?i)^${slice.prefix}[0-9a-f]`)})`;
}
