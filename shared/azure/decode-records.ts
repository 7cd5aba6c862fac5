import type { LogsTable } from "@azure/monitor-query";
import type { RowsAnswer, SourceRecord } from "../core/source.ts";
import type { RowBuffer } from "./row-buffer.ts";
import { batchesOf } from "./batches.ts";

/** The decoded rows of one table. */
interface Records extends Pick<RowsAnswer, "count" | "batches" | "discard"> {
  /** Set where the engine put an error among the rows, after it had begun to answer. */
  readonly broken?: string;
}

interface Column {
  readonly name: string;
  readonly type: string | undefined;
}

/**
 * The rows as records by column name. Each row is parsed here once and dropped again, to show that all can be parsed before the
 * first is used.
 * @throws {SyntaxError} where a row can't be parsed
 */
export function decodeRecords(table: LogsTable, rows: RowBuffer): Records {
  const columns = table.columnDescriptors.map(({ name, type }, i): Column => ({ name: name ?? `Column${i}`, type }));
  const device = columns.findIndex(({ name }) => name === "DeviceId");
  const broken = new Set<number>();
  const batches = batchesOf(rows.count, (n) => {
    const cells = rows.at(n);
    if (!Array.isArray(cells)) broken.add(n);
    return cells[device];
  });
  return {
    count: rows.count - broken.size,
    batches: {
      *[Symbol.iterator]() {
        for (const batch of batches)
          yield batch.filter((n) => !broken.has(n)).map((n) => toRecord(columns, rows.at(n)));
      },
    },
    discard: () => rows.discard(),
    ...(broken.size > 0 && { broken: "the service broke off between two rows" }),
  };
}

function toRecord(columns: readonly Column[], cells: readonly unknown[]): SourceRecord {
  const record: Record<string, unknown> = {};
  for (const [i, { name, type }] of columns.entries())
    record[name] = type === "datetime" ? toTime(cells[i]) : type === "dynamic" ? toDynamic(cells[i]) : cells[i];
  return record;
}

/** A datetime cell: a text, or null. Anything else is null, and so is the first moment of 1970, which some engines send for null. */
function toTime(cell: unknown): Date | null {
  const time = new Date(typeof cell === "string" ? cell : NaN);
  return time.getTime() > 0 ? time : null;
}

/** A dynamic cell, read as the SDK reads it: JSON in a text is parsed; a text that is no JSON stays a text. */
function toDynamic(cell: unknown): unknown {
  if (typeof cell !== "string") return cell ?? "";
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}
