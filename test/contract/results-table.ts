/** What each case came to, by column: printed once, where the suite ends. */
export interface ResultsTable {
  /** Runs a check and keeps what it came to. `passed`: what stands in the table then. */
  record(row: string, column: string, passed: string, check: () => Promise<void>): Promise<void>;
  text(): string;
}

export function resultsTable(columns: readonly string[]): ResultsTable {
  const rows = new Map<string, Map<string, string>>();
  return {
    async record(row, column, passed, check) {
      const cells = rows.get(row) ?? new Map<string, string>();
      rows.set(row, cells);
      cells.set(column, "FAILED");
      await check();
      cells.set(column, passed);
    },
    text: () => {
      const table = [...rows].map(([row, cells]) => [...columns.map((column) => cells.get(column) ?? ""), row]);
      const lines = [[...columns, "port – case"], ...table];
      const widths = columns.map((column) => column.length);
      return lines.map((cells) => cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")).join("\n");
    },
  };
}
