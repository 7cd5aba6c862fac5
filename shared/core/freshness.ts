const HOUR = 3_600_000;

/** The freshness of one table, over the last seven days. */
export interface TableFreshness {
  readonly table: string;
  /** Newest ingestion time among events of the last seven days; absent: there is no row. */
  readonly newestIngested?: Date;
  /** Newest event time that is not in the future; absent: there is no row. */
  readonly newestRow?: Date;
  /** One entry for each hour that has rows, in any order. `signed`: rows with a Signer; absent where the table has no such column. */
  readonly hours: readonly { readonly hour: Date; readonly count: number; readonly signed?: number }[];
}

export type BlindReason = "silent" | "signer-collapsed";

/** Fewest rows for which a share of signed rows is evaluated. With fewer rows a quiet night would look like a collapse. */
const ENOUGH_ROWS = 20;

/**
 * Why a table is blind: rows may be missing from it. `undefined` where it is not blind. `silent`: its newest row is older than the
 * longer of 6 hours and three times its own longest gap of the last seven days. `signer-collapsed`: the share of rows with a Signer
 * in the last day is zero, or less than a fifth of the share before.
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

/** Milliseconds of the longest time without rows, in whole hours, rounded down: 0 between neighbouring hours. */
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

/** Share of rows with a Signer in the chosen hours; `undefined` where the table has no Signer column or no row. */
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
