const HOUR = 3_600_000;

/** What one table shows of itself: an hour's buckets of the last seven days. */
export interface TableFreshness {
  readonly table: string;
  /** Newest ingestion time within the last seven days of events; absent: no row. */
  readonly newestIngested?: Date;
  /** Newest event time that is not in the future; absent: no row. */
  readonly newestRow?: Date;
  /** One entry an hour that has rows, any order. `signed`: rows with a Signer; absent where the table has no such column. */
  readonly hours: readonly { readonly hour: Date; readonly count: number; readonly signed?: number }[];
}

export type BlindReason = "silent" | "signer-collapsed";

/** Shares are judged from this many rows on: below it a quiet night looks like a collapse. */
const ENOUGH_ROWS = 20;

/**
 * Why a table can't be trusted to show what is there, or `undefined` where it can. Silent: its newest row is older than the
 * longer of 6 hours and three times its own longest gap of the last seven days. Collapsed: the share of rows with a Signer in
 * the last day fell to nothing, or below a fifth of what it was before.
 */
export function blindness(freshness: TableFreshness, now: Date): BlindReason | undefined {
  if (freshness.newestRow === undefined || freshness.newestIngested === undefined) return "silent";
  const quietFor = now.getTime() - freshness.newestRow.getTime();
  if (quietFor > Math.max(6 * HOUR, 3 * longestGap(freshness))) return "silent";
  const lastDay = share(freshness, (hour) => hour >= now.getTime() - 24 * HOUR);
  const before = share(freshness, (hour) => hour < now.getTime() - 24 * HOUR);
  if (lastDay === undefined || lastDay.count < ENOUGH_ROWS) return undefined;
  if (lastDay.share === 0) return "signer-collapsed";
  return before !== undefined && before.count >= ENOUGH_ROWS && lastDay.share < before.share / 5
    ? "signer-collapsed"
    : undefined;
}

/** Milliseconds between the two neighbouring rows that are furthest apart, at an hour's grain (rounded down: 0 for neighbouring hours). */
function longestGap(freshness: TableFreshness): number {
  const hours = freshness.hours.map(({ hour }) => hour.getTime()).toSorted((a, b) => a - b);
  let longest = 0;
  let previous: number | undefined;
  for (const hour of hours) {
    if (previous !== undefined) longest = Math.max(longest, hour - previous - HOUR);
    previous = hour;
  }
  return longest;
}

/** Share of rows with a Signer in the hours chosen; `undefined` where the table has no Signer or no row. */
function share(
  freshness: TableFreshness,
  chosen: (hour: number) => boolean,
): { readonly count: number; readonly share: number } | undefined {
  let count = 0;
  let signed = 0;
  for (const bucket of freshness.hours) {
    if (bucket.signed === undefined || !chosen(bucket.hour.getTime())) continue;
    count += bucket.count;
    signed += bucket.signed;
  }
  return count === 0 ? undefined : { count, share: signed / count };
}

/** Rows of the last day, for the run record. */
export function lastDayCount(freshness: TableFreshness, now: Date): number {
  return freshness.hours.reduce(
    (sum, { hour, count }) => (hour.getTime() >= now.getTime() - 24 * HOUR ? sum + count : sum),
    0,
  );
}
