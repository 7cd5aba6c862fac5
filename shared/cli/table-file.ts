import { convert, toParsed } from "../kql/convert.ts";
import { formatJson } from "../kql/dynamic.ts";
import { nearest } from "../kql/nearest.ts";
import type { Column, Dialect } from "../kql/schema.ts";
import { SCHEMAS } from "../kql/schema.ts";
import type { TableData } from "../kql/table-data.ts";
import { INGESTED } from "../kql/table-data.ts";
import type { Value } from "../kql/value.ts";
import { dynamicType, missing } from "../kql/value.ts";
import { DataFileError } from "./data-file-error.ts";
import type { JsonLine } from "./ndjson.ts";
import { jsonLines } from "./ndjson.ts";

/**
 * Reads a table's rows from a file with one JSON object a line: columns by name, a missing one is null or the empty string,
 * `$ingested` is the ingestion time. Datetimes and timespans are text.
 * @throws {DataFileError} with file, line and column of the first value that does not fit
 */
export async function readTableFile(file: string, table: string, dialect: Dialect): Promise<TableData> {
  const columns = SCHEMAS[dialect][table] ?? [];
  const places = new Map(
    [...columns, { name: INGESTED, type: "datetime" } as const].map((column, i) => [column.name, { column, i }]),
  );
  const empty = [...columns.map(({ type }) => missing(type)), null];
  const rows: Value[][] = [];
  for await (const { line, record } of jsonLines(file)) {
    const row = [...empty];
    for (const [name, given] of record) {
      const place = places.get(name);
      if (place === undefined) throw new DataFileError(`${file}:${line}: ${noColumn(name, table, columns, dialect)}`);
      row[place.i] = fitting(given, place.column, { file, line });
    }
    rows.push(row);
  }
  return { columns, rows, ingested: columns.length };
}

function fitting(
  given: Value,
  { name, type }: Column,
  { file, line }: Pick<JsonLine, "line"> & { readonly file: string },
): Value {
  if (given === null) return missing(type);
  // Exports of the service hold a dynamic as JSON or as JSON text.
  if (type === "dynamic") return typeof given === "string" ? toParsed(given, "string") : given;
  const value = keepsAll(given, type) ? convert(given, "dynamic", type) : null;
  if (value === null)
    throw new DataFileError(
      `${file}:${line}: ${name}: ${shortened(formatJson(given))} is no ${type}; write ${EXAMPLES[type]}`,
    );
  return value;
}

/** Whether a conversion loses nothing: it would cut a fraction to fit a long, and a number has no epoch to become a time. */
function keepsAll(given: Value, type: Column["type"]): boolean {
  const from = dynamicType(given);
  if (type === "string") return true;
  if (from === "array" || from === "dictionary") return false;
  if (type === "datetime" || type === "timespan" || type === "guid") return from === "string";
  if (type === "int" || type === "long")
    return from !== "bool" && convert(given, "dynamic", "real") === Number(convert(given, "dynamic", "long") ?? NaN);
  if (type === "real" || type === "decimal") return from !== "bool";
  return from === "bool" || from === "string";
}

const EXAMPLES: Readonly<Record<Column["type"], string>> = {
  string: `"text"`,
  int: "12",
  long: "12",
  real: "1.5",
  decimal: "1.5",
  bool: "true or false",
  datetime: `"2026-03-01T12:00:00Z"`,
  timespan: `"1.00:00:00"`,
  guid: `"74be27de-1e4e-49d9-b579-fe0b331d3642"`,
  dynamic: "JSON",
};

const shortened = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text);

function noColumn(name: string, table: string, columns: readonly Column[], dialect: Dialect): string {
  const other: Dialect = dialect === "log-analytics" ? "defender-xdr" : "log-analytics";
  const problem = `${table} has no column ${JSON.stringify(shortened(name))} in ${dialect}`;
  if (SCHEMAS[other][table]?.some((column) => column.name === name) === true)
    return name === "Timestamp" || name === "TimeGenerated"
      ? `${problem}; write ${name === "Timestamp" ? "TimeGenerated" : "Timestamp"}, or run with --dialect ${other}`
      : `${problem}; take it out, or run with --dialect ${other}`;
  const near = nearest(name, [...columns.map((column) => column.name), INGESTED]);
  return near === undefined ? `${problem}; take it out` : `${problem}; did you mean ${near}?`;
}
