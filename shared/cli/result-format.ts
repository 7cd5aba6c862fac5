import { clean } from "../core/clean.ts";
import { toText } from "../kql/convert.ts";
import { formatJson } from "../kql/dynamic.ts";
import type { QueryResult } from "../kql/interpret.ts";
import type { Column } from "../kql/schema.ts";
import type { Value } from "../kql/value.ts";
import { toDynamic } from "../kql/value.ts";

export const FORMATS = ["table", "json", "csv"] as const;
export type Format = (typeof FORMATS)[number];

/** Most characters of a displayed cell; a longer one is cut and ends with …. */
const MAX_CELL = 60;

/** Formats a result as text, in pieces: a million rows never become one string. */
export function formatted(result: QueryResult, format: Format): Iterable<string> {
  switch (format) {
    case "table":
      return asTable(result);
    case "json":
      return asJson(result);
    case "csv":
      return asCsv(result);
    default:
      throw new TypeError(`no such format: ${String(format satisfies never)}`);
  }
}

const NUMERIC: ReadonlySet<Column["type"]> = new Set(["int", "long", "real", "decimal"]);

/** A table aligned by code points. Control and format characters of untrusted texts are removed. */
function* asTable({ columns, rows }: QueryResult): Generator<string> {
  const header = columns.map(({ name }) => cell(name));
  const widths = header.map(length);
  const lines = rows.map((row) =>
    row.map((value, i) => {
      const text = value === null ? "null" : cell(textOf(value, columns[i]));
      widths[i] = Math.max(widths[i] ?? 0, length(text));
      return text;
    }),
  );
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((text, i) => {
        const fill = " ".repeat(Math.max(0, (widths[i] ?? 0) - length(text)));
        return NUMERIC.has(columns[i]?.type ?? "string") ? fill + text : text + fill;
      })
      .join("  ")
      .trimEnd()}\n`;
  yield line(header);
  yield line(widths.map((width) => "-".repeat(width)));
  for (const cells of lines) yield line(cells);
  yield `(${rows.length === 1 ? "1 row" : `${rows.length} rows`})\n`;
}

function cell(text: string): string {
  const { text: shown, cut } = clean(text.slice(0, MAX_CELL * 4 + 1).replaceAll(/\s/gu, " "), MAX_CELL);
  return cut || text.length > MAX_CELL * 4
    ? `${Array.from(shown)
        .slice(0, MAX_CELL - 1)
        .join("")}…`
    : shown;
}

const length = (text: string): number => Array.from(text).length;

/** One object: `columns` with name and type, `rows` as lists in that order. Longs keep every digit, dynamics are JSON. */
function* asJson({ columns, rows }: QueryResult): Generator<string> {
  yield `{"columns":${JSON.stringify(columns.map(({ name, type }) => ({ name, type })))},"rows":[`;
  for (const [n, row] of rows.entries())
    yield `${n === 0 ? "\n" : ",\n"}[${row.map((value, i) => jsonOf(value, columns[i])).join(",")}]`;
  yield "\n]}\n";
}

const jsonOf = (value: Value, column: Column | undefined): string =>
  formatJson(column === undefined ? value : toDynamic(value, column.type));

/** CSV after RFC 4180, with a header; null is an empty field. */
function* asCsv({ columns, rows }: QueryResult): Generator<string> {
  yield record(columns.map(({ name }) => name));
  for (const row of rows) yield record(row.map((value, i) => textOf(value, columns[i])));
}

const record = (fields: readonly string[]): string =>
  `${fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(",")}\r\n`;

const textOf = (value: Value, column: Column | undefined): string => toText(value, column?.type ?? "string");
