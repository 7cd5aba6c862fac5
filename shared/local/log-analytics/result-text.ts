import { toText } from "../../kql/convert.ts";
import { formatDatetime, formatTimespan } from "../../kql/datetime.ts";
import { formatJson } from "../../kql/dynamic.ts";
import type { QueryResult } from "../../kql/interpret.ts";
import type { Column } from "../../kql/schema.ts";
import type { Value } from "../../kql/value.ts";

/** A result in the query API's JSON, within the limits. */
export interface ResultText {
  /** Value of the `tables` property. */
  readonly tables: string;
  readonly rows: number;
  readonly bytes: number;
  /** False where the size limit cut rows off. */
  readonly whole: boolean;
}

/** Formats rows up to a count and a size in bytes. Longs keep every digit, datetimes have seven decimals, dynamics are JSON text. */
export function resultText(result: QueryResult, limits: { readonly rows: number; readonly bytes: number }): ResultText {
  const rows: string[] = [];
  let bytes = 0;
  let whole = true;
  for (const row of result.rows) {
    if (rows.length >= limits.rows) break;
    const text = rowText(row, result.columns);
    const size = Buffer.byteLength(text) + 1;
    if (bytes + size > limits.bytes) {
      whole = false;
      break;
    }
    bytes += size;
    rows.push(text);
  }
  const columns = JSON.stringify(result.columns.map(({ name, type }) => ({ name, type })));
  return {
    tables: `[{"name":"PrimaryResult","columns":${columns},"rows":[${rows.join(",")}]}]`,
    rows: rows.length,
    bytes,
    whole,
  };
}

const rowText = (row: readonly Value[], columns: readonly Column[]): string =>
  `[${row.map((value, i) => valueText(value, columns[i]?.type ?? "dynamic")).join(",")}]`;

function valueText(value: Value, type: Column["type"]): string {
  if (value === null) return "null";
  switch (type) {
    case "datetime":
      return typeof value === "bigint" ? `"${formatDatetime(value)}"` : "null";
    case "timespan":
      return typeof value === "bigint" ? `"${formatTimespan(value)}"` : "null";
    case "dynamic":
      return JSON.stringify(typeof value === "string" ? value : formatJson(value));
    case "real":
    case "decimal":
      return typeof value === "number" && Number.isFinite(value) ? String(value) : JSON.stringify(toText(value, type));
    case "string":
    case "guid":
      return JSON.stringify(value);
    case "bool":
    case "int":
    case "long":
      return toText(value, type);
    default:
      throw new TypeError(`no text for a ${String(type satisfies never)}`);
  }
}
