import { toText } from "../../../shared/kql/convert.ts";
import { execute } from "../../../shared/kql/interpret.ts";
import type { ExecuteOptions } from "../../../shared/kql/interpret.ts";
import { SCHEMAS } from "../../../shared/kql/schema.ts";
import { tableOf } from "../../../shared/kql/table-data.ts";
import type { TableData, TableRecord } from "../../../shared/kql/table-data.ts";
import type { Value } from "../../../shared/kql/value.ts";
import { isList, isMap } from "../../../shared/kql/value.ts";

export const NOW = new Date("2026-03-01T12:00:00Z");

/** A value as a test writes it: null apart from the empty string, dynamics as JSON. */
const shown = (value: Value, type: string): string => {
  if (value === null) return "null";
  return type === "dynamic" && !isList(value) && !isMap(value) ? `dynamic ${toText(value, type)}` : toText(value, type);
};

/** A query's rows, each its values joined by `|`. */
export function rowsOf(text: string, options: Partial<ExecuteOptions> = {}): string[] {
  const { columns, rows } = execute(text, { tables: {}, now: NOW, ...options });
  return rows.map((row) => row.map((value, i) => shown(value, columns[i]?.type ?? "")).join("|"));
}

export const columnsOf = (text: string, options: Partial<ExecuteOptions> = {}): string =>
  execute(text, { tables: {}, now: NOW, ...options })
    .columns.map(({ name, type }) => `${name}:${type}`)
    .join(" ");

/** Rows of a Device table; what a record leaves out is missing. */
export function deviceTable(
  name: string,
  records: readonly TableRecord[],
  dialect: "log-analytics" | "defender-xdr" = "log-analytics",
): TableData {
  return tableOf(SCHEMAS[dialect][name] ?? [], records);
}
