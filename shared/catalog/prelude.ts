import type { QueryPart } from "../core/pack.ts";

/**
 * One line a table, before the query's first line: the table with a `Timestamp`, whichever time column the service has, cut to
 * the planned window, late rows included. A query that reads TimeGenerated gets that as well.
 */
export function preludeParts(tables: readonly string[], namesTimeGenerated: boolean): readonly QueryPart[] {
  return tables.flatMap((table): QueryPart[] => [
    `let ${table} = table("${table}") | extend Timestamp = column_ifexists("Timestamp", column_ifexists("TimeGenerated", datetime(null)))${
      namesTimeGenerated
        ? `, TimeGenerated = column_ifexists("TimeGenerated", column_ifexists("Timestamp", datetime(null)))`
        : ""
    } | where (Timestamp between (`,
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
