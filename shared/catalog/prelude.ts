import type { QueryPart } from "../core/pack.ts";

const declaration = (table: string, namesTimeGenerated: boolean): string =>
  `let ${table} = table("${table}") | extend Timestamp = column_ifexists("Timestamp", column_ifexists("TimeGenerated", datetime(null)))${
    namesTimeGenerated
      ? `, TimeGenerated = column_ifexists("TimeGenerated", column_ifexists("Timestamp", datetime(null)))`
      : ""
  }`;

/**
 * One let statement a table, before the query's first line: it gives the table a `Timestamp`, whichever time column the service
 * has, and TimeGenerated where the query reads it. Without the planned window: for a query that runs with its own.
 */
export const timePrelude = (tables: readonly string[], namesTimeGenerated: boolean): string =>
  tables.map((table) => `${declaration(table, namesTimeGenerated)};\n`).join("");

/** The same prelude, limited to the planned window, late rows included. */
export function preludeParts(tables: readonly string[], namesTimeGenerated: boolean): readonly QueryPart[] {
  return tables.flatMap((table): QueryPart[] => [
    `${declaration(table, namesTimeGenerated)} | where (Timestamp between (`,
    { instant: "from" },
    " .. ",
    { instant: "to" },
    ") or (ingestion_time() > ",
    { instant: "since" },
    " and Timestamp > ",
    { instant: "horizon" },
    ")) and (isnull(ingestion_time()) or ingestion_time() <= ",
    { instant: "until" },
    ");\n",
  ]);
}
