import { convert, toParsed } from "./convert.ts";
import { ticksOfDate } from "./datetime.ts";
import { parseJson } from "./dynamic.ts";
import type { Column } from "./schema.ts";
import type { Value } from "./value.ts";
import { missing } from "./value.ts";

/** Column in which a record may give its ingestion time; queries can read it only by `ingestion_time()`. */
export const INGESTED = "$ingested";

/** A table's rows in the interpreter's form, made once and queried often. A row holds its values in the order of the columns. */
export interface TableData {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Value[])[];
  /** Index of the ingestion time (ticks) in a row, after the columns; absent: `ingestion_time()` is null. */
  readonly ingested?: number;
}

/** A row in the form that people and tests write: columns by name; datetimes as Date or ISO text, dynamics as JSON values or text. */
export type TableRecord = Readonly<Record<string, unknown>>;

/**
 * Makes table data from records. A column that a record leaves out is null, or the empty string.
 * @throws {TypeError} for an unknown column, or a value that does not have the column's type
 */
export function tableOf(columns: readonly Column[], records: readonly TableRecord[]): TableData {
  const known = new Set([INGESTED, ...columns.map(({ name }) => name)]);
  const rows = records.map((record, index) => {
    const unknown = Object.keys(record).find((key) => !known.has(key));
    if (unknown !== undefined) throw new TypeError(`row ${index + 1}: there is no column ${unknown}`);
    const row = columns.map(({ name, type }) => valueOf(record[name], type, `row ${index + 1}: ${name}`));
    row.push(valueOf(record[INGESTED], "datetime", `row ${index + 1}: ${INGESTED}`));
    return row;
  });
  return { columns, rows, ingested: columns.length };
}

function valueOf(given: unknown, type: string, where: string): Value {
  if (given === undefined || given === null) return missing(type);
  const value = plainValue(given, type);
  const [converted, from] = value === undefined ? [undefined, ""] : value;
  const result =
    converted === undefined ? null : type === "dynamic" ? toParsed(converted, from) : convert(converted, from, type);
  if (result === null && type !== "dynamic") throw new TypeError(`${where}: ${JSON.stringify(given)} is no ${type}`);
  return result;
}

/** A JavaScript value with its KQL type. */
function plainValue(given: unknown, type: string): readonly [Value, string] | undefined {
  if (given instanceof Date) return [ticksOfDate(given), "datetime"];
  if (typeof given === "string") return [given, "string"];
  if (typeof given === "boolean") return [given, "bool"];
  if (typeof given === "bigint") return [given, type === "datetime" || type === "timespan" ? type : "long"];
  if (typeof given === "number") return [given, Number.isInteger(given) ? "long" : "real"];
  const parsed = typeof given === "object" ? parseJson(JSON.stringify(given)) : undefined;
  return parsed === undefined ? undefined : [parsed, "dynamic"];
}
