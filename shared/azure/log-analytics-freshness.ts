import type { TableFreshness } from "../core/freshness.ts";
import { kqlDatetime, kqlString } from "../core/kql-text.ts";
import { SourceError } from "../errors.ts";

const DAY = 86_400_000;

/** Milliseconds of events that the freshness query reads. */
export const FRESHNESS_REACH = 7 * DAY;

/** Placeholder for the signer of every row where the table has no Signer column. No certificate has this name. */
const NO_COLUMN = "(no column Signer)";

/**
 * One query over all tables: a row for each table and hour that has events. Events in the future are left out: one device whose
 * clock is a day ahead would make a silent table look alive. A missing table has to be an error and not empty, hence no `isfuzzy`.
 */
export function freshnessQuery(tables: readonly string[], now: Date): string {
  const from = kqlDatetime(new Date(now.getTime() - FRESHNESS_REACH));
  const legs = tables.map(
    (table) => `table(${kqlString(table)})
| extend Timestamp = column_ifexists("Timestamp", column_ifexists("TimeGenerated", datetime(null))), Signer = column_ifexists("Signer", ${kqlString(NO_COLUMN)}), Ingested = ingestion_time()
| where Timestamp between (${from} .. ${kqlDatetime(now)})
| summarize Rows = count(), Signed = countif(isnotempty(Signer)), Unsignable = countif(Signer == ${kqlString(NO_COLUMN)}), NewestIngested = max(Ingested), NewestRow = max(Timestamp) by Hour = bin(Timestamp, 1h)
| extend TableName = ${kqlString(table)}`,
  );
  return legs.length === 1 ? legs.join("") : `union\n${legs.map((leg) => `(${leg})`).join(",\n")}`;
}

/** The freshness of each table, from the query's records. @throws {SourceError} where the records lack the query's columns */
export function decodeFreshness(
  tables: readonly string[],
  records: readonly Readonly<Record<string, unknown>>[],
): readonly TableFreshness[] {
  return tables.map((table) => {
    let newestIngested: Date | undefined;
    let newestRow: Date | undefined;
    const hours = records
      .filter((record) => record["TableName"] === table)
      .map((record) => {
        newestIngested = later(newestIngested, record["NewestIngested"]);
        newestRow = later(newestRow, record["NewestRow"]);
        const { Hour: hour, Rows: count, Signed: signed, Unsignable: unsignable } = record;
        if (!(hour instanceof Date) || typeof count !== "number" || typeof signed !== "number")
          throw new SourceError("query", `freshness of ${table}: the answer has other columns than the query`);
        return unsignable === count ? { hour, count } : { hour, count, signed };
      });
    return { table, hours, ...(newestIngested && { newestIngested }), ...(newestRow && { newestRow }) };
  });
}

function later(a: Date | undefined, b: unknown): Date | undefined {
  if (!(b instanceof Date)) return a;
  return a !== undefined && a >= b ? a : b;
}
