const HOUR = 3_600_000;

/** What the freshness query answers for tables that have rows in every hour. */
export function freshnessAnswer(
  tables: readonly string[],
  now: Date,
): readonly [readonly (readonly [string, string])[], readonly unknown[][]] {
  const iso = (ms: number): string => new Date(ms).toISOString().replace("Z", "0000Z");
  const newest = iso(now.getTime() - 60_000);
  const columns = [
    ["Hour", "datetime"],
    ["Rows", "long"],
    ["Signed", "long"],
    ["Unsignable", "long"],
    ["NewestIngested", "datetime"],
    ["NewestRow", "datetime"],
    ["TableName", "string"],
  ] as const;
  const current = Math.floor(now.getTime() / HOUR) * HOUR;
  const rows = tables.flatMap((table) =>
    Array.from({ length: 160 }, (_, i) => [iso(current - i * HOUR), 100, 90, 0, newest, newest, table]),
  );
  return [columns, rows];
}
