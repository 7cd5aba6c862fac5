import { ticksOfDate, parseTimespan } from "../../kql/datetime.ts";
import { toGuid } from "../../kql/convert.ts";
import type { Column, Dialect } from "../../kql/schema.ts";
import { SCHEMAS } from "../../kql/schema.ts";
import type { TableData, TableRecord } from "../../kql/table-data.ts";
import { INGESTED, tableOf } from "../../kql/table-data.ts";
import type { TestRow } from "./detection-tests.ts";
import { TIME_FORMS, testTime } from "./test-time.ts";

/** Event time columns: Defender XDR has the one, Log Analytics the other, and a test may write either. */
export const TIME_COLUMNS: readonly string[] = ["Timestamp", "TimeGenerated"];

/** Event time of a row without one. */
const DEFAULT_TIME = "now-1h";

/**
 * The rows of a table in a dialect's form. The event time goes into the dialect's time column; its default is an hour before
 * `now`. The default of `$ingested` is the event time. Columns that only the other dialect has are left out.
 * @throws {TypeError} for a value that does not have its column's type; `cellProblem` reports it beforehand
 */
export function testTable(table: string, rows: readonly TestRow[], dialect: Dialect, now: Date): TableData {
  const columns = SCHEMAS[dialect][table] ?? [];
  return tableOf(
    columns,
    rows.map((row) => {
      const time = TIME_COLUMNS.map((name) => row[name]).find((given) => given !== undefined) ?? DEFAULT_TIME;
      const times = Object.fromEntries(TIME_COLUMNS.map((name) => [name, row[name] ?? time]));
      return recordOf({ ...row, ...times, [INGESTED]: row[INGESTED] ?? time }, [...columns, INGESTION], now);
    }),
  );
}

/** A row's values for `tableOf`, limited to the dialect's columns. */
export const recordOf = (row: TestRow, columns: readonly Column[], now: Date): TableRecord =>
  Object.fromEntries(
    columns.flatMap(({ name, type }) => (Object.hasOwn(row, name) ? [[name, cellOf(row[name], type, now)]] : [])),
  );

export const INGESTION: Column = { name: INGESTED, type: "datetime" };

function cellOf(given: unknown, type: Column["type"], now: Date): unknown {
  if (given === undefined || given === null) return null;
  if (type === "datetime" && typeof given === "string") return testTime(given, ticksOfDate(now));
  if (type === "dynamic" || typeof given === "object") return given instanceof Date ? given : jsonText(given);
  return given;
}

/** JSON with every digit of a bigint. */
function jsonText(given: unknown): string {
  if (typeof given === "bigint") return String(given);
  if (Array.isArray(given)) return `[${given.map(jsonText).join(",")}]`;
  if (typeof given === "object" && given !== null)
    return `{${Object.entries(given)
      .map(([key, value]) => `${JSON.stringify(key)}:${jsonText(value)}`)
      .join(",")}}`;
  return JSON.stringify(given) ?? "null";
}

/** Why a value does not fit a column of that type, and what to write; `undefined` where it fits. Null means "missing". */
export function cellProblem(given: unknown, type: Column["type"], now: Date): string | undefined {
  if (given === undefined || given === null) return undefined;
  const whole = typeof given === "bigint" ? given : Number.isSafeInteger(given) ? BigInt(Number(given)) : undefined;
  switch (type) {
    case "string":
      // A list or map becomes JSON text: Defender XDR has text where Log Analytics has a dynamic.
      return typeof given === "string" || typeof given === "object" ? undefined : "is a string: put it in quotes";
    case "bool":
      return typeof given === "boolean" ? undefined : "is a bool: write true or false, without quotes";
    case "int":
      return fits(whole, 32) ? undefined : "is an int: write a whole number of 32 bits, without quotes";
    case "long":
      return fits(whole, 64) ? undefined : "is a long: write a whole number of 64 bits, without quotes";
    case "real":
    case "decimal":
      return whole !== undefined || typeof given === "number"
        ? undefined
        : `is a ${type}: write a number, without quotes`;
    case "datetime":
      return given instanceof Date || (typeof given === "string" && testTime(given, ticksOfDate(now)) !== undefined)
        ? undefined
        : `is a datetime: write it as ${TIME_FORMS}`;
    case "timespan":
      return typeof given === "string" && parseTimespan(given) !== undefined
        ? undefined
        : "is a timespan: write it as 5d, 90m or 1.02:03:04";
    case "guid":
      return typeof given === "string" && toGuid(given) !== null
        ? undefined
        : "is a GUID: write it as 3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc";
    case "dynamic":
      return undefined;
    default:
      return type satisfies never;
  }
}

const fits = (whole: bigint | undefined, bits: number): boolean =>
  whole !== undefined && BigInt.asIntN(bits, whole) === whole;
