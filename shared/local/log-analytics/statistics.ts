import type { TableData } from "../../kql/table-data.ts";

/** Query statistics in the service's form; the figures are those of this process. */
export function statisticsOf(
  milliseconds: number,
  tables: Readonly<Record<string, TableData>>,
  rows: number,
  bytes: number,
): object {
  const scanned = Object.values(tables).reduce((sum, table) => sum + table.rows.length, 0);
  const cpu = `00:00:${(milliseconds / 1000).toFixed(7).padStart(10, "0")}`;
  return {
    query: {
      executionTime: milliseconds / 1000,
      resourceUsage: { cpu: { user: cpu, kernel: "00:00:00", "total cpu": cpu } },
      inputDatasetStatistics: { rows: { total: scanned, scanned } },
      datasetStatistics: [{ tableRowCount: rows, tableSize: bytes }],
    },
  };
}
