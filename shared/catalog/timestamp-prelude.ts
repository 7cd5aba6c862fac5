/**
 * What gives each table its `Timestamp`, whichever time column the service has, where a file runs with its own window and no
 * planned one. One line a table, each ended.
 */
export function timestampPrelude(tables: readonly string[], namesTimeGenerated: boolean): string {
  const generated = namesTimeGenerated
    ? `, TimeGenerated = column_ifexists("TimeGenerated", column_ifexists("Timestamp", datetime(null)))`
    : "";
  return tables
    .map(
      (table) =>
        `let ${table} = table("${table}") | extend Timestamp = column_ifexists("Timestamp", column_ifexists("TimeGenerated", datetime(null)))${generated};\n`,
    )
    .join("");
}
