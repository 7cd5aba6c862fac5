import type { ExecuteOptions } from "../../../../shared/kql/interpret.ts";
import { execute } from "../../../../shared/kql/interpret.ts";
import type { TableData } from "../../../../shared/kql/table-data.ts";
import type { Value } from "../../../../shared/kql/value.ts";
import { Tagged, isList, isMap } from "../../../../shared/kql/value.ts";
import type { World } from "./reference.ts";
import { isInstant } from "./scalar.ts";
import type { Cell } from "./tree.ts";

const NOW = new Date("2026-03-01T12:00:00Z");

/** What the interpreter answers: names with their types, and each row as texts by name, in the writing of `keyText`. */
export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, string>>[];
}

export function interpreted(text: string, world: World, options: Partial<ExecuteOptions> = {}): Answer {
  const tables = Object.fromEntries(
    Object.entries(world.tables).map(([table, columns]): [string, TableData] => [
      table,
      {
        columns,
        rows: (world.rows[table] ?? []).map((row) => columns.map(({ name }) => valueOf(row[name] ?? null))),
      },
    ]),
  );
  const { columns, rows } = execute(text, { tables, now: NOW, ...options });
  return {
    columns: columns.map(({ name, type }) => `${name}:${type}`),
    rows: rows.map((row) =>
      Object.fromEntries(columns.map(({ name, type }, i) => [name, textOf(row[i] ?? null, type)])),
    ),
  };
}

/** A cell in the interpreter's form. No dynamic here holds a real or an instant. */
function valueOf(cell: Cell): Value {
  if (typeof cell === "bigint") return Number.isSafeInteger(Number(cell)) ? Number(cell) : cell;
  if (typeof cell !== "object" || cell === null) return cell;
  if (isInstant(cell)) return cell.ticks;
  return "bag" in cell ? new Map(cell.bag.map(([key, value]) => [key, valueOf(value)])) : cell.map(valueOf);
}

function textOf(value: Value, type: string): string {
  if (value === null) return "null";
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Tagged) return textOf(value.value, value.type);
  if (isList(value)) return `[${value.map((one) => textOf(one, "dynamic")).join(",")}]`;
  if (isMap(value))
    return `{${[...value].map(([key, one]) => `${JSON.stringify(key)}:${textOf(one, "dynamic")}`).join(",")}}`;
  if (type === "datetime") return `t${value}`;
  if (type === "real" || (typeof value === "number" && !Number.isInteger(value))) return `r${value}`;
  return String(value);
}
