import { keyText } from "./key-text.ts";
import type { Row } from "./scalar.ts";
import { compared, valueIn } from "./scalar.ts";
import type { Aggregate, Cell, Column, Step } from "./tree.ts";
import { named } from "./shape.ts";

/** One row a group; without by-columns one row, also of nothing. */
export function summarized(
  { aggregates, by }: Extract<Step, { op: "summarize" }>,
  rows: readonly Row[],
  columns: readonly Column[],
): readonly Row[] {
  const groups: Row[][] = by.length === 0 ? [[]] : [];
  for (const row of rows) {
    const known = groups.find((group) => by.every((name) => keyText(group[0]?.[name]) === keyText(row[name])));
    if (known === undefined) groups.push([row]);
    else known.push(row);
  }
  return groups.map((group) => ({
    ...Object.fromEntries(by.map((name) => [name, group[0]?.[name] ?? null])),
    ...Object.assign({}, ...aggregates.map((aggregate) => aggregated(aggregate, group, columns))),
  }));
}

function aggregated(aggregate: Aggregate, rows: readonly Row[], columns: readonly Column[]): Row {
  if (!("args" in aggregate)) {
    const { fn, by, of } = aggregate;
    const missing = { [by]: missingOf(named(columns, by)), [of]: missingOf(named(columns, of)) };
    const best = extreme(
      rows.map((row) => row[by] ?? null),
      fn === "arg_max",
    );
    const row = rows.find((one) => keyText(one[by]) === keyText(best));
    return row === undefined ? missing : { [by]: row[by] ?? null, [of]: row[of] ?? null };
  }
  const { fn, name, args } = aggregate;
  const [argument, second] = args;
  const values = argument === undefined ? [] : rows.map((row) => valueIn(row, argument));
  const conditions = second === undefined ? [] : rows.map((row) => valueIn(row, second));
  const isString = argument?.type === "string";
  const there = values.filter((value) => value !== null);
  switch (fn) {
    case "count":
      return { [name]: BigInt(rows.length) };
    case "countif":
      return { [name]: BigInt(values.filter((value) => value === true).length) };
    case "sum":
      return { [name]: sum(there, argument?.type === "real") };
    case "sumif":
      return {
        [name]: sum(
          values.filter((_, i) => conditions[i] === true),
          argument?.type === "real",
        ),
      };
    case "avg":
      return { [name]: there.map(Number).reduce((total, value) => total + value, 0) / there.length };
    case "min":
    case "max":
      return { [name]: extreme(values, fn === "max") ?? (isString ? "" : null) };
    case "dcount":
      return { [name]: BigInt(unique(there).length) };
    case "make_set":
      return { [name]: unique(there) };
    case "make_list":
      return { [name]: there };
    case "take_any":
      return { [name]: there[0] ?? (isString ? "" : null) };
    default:
      throw new TypeError(`no such aggregate: ${String(fn satisfies never)}`);
  }
}

const missingOf = ({ type }: Column): Cell => (type === "string" ? "" : null);

function unique(cells: readonly Cell[]): readonly Cell[] {
  return cells.filter((cell, i) => !cells.slice(0, i).some((before) => keyText(before) === keyText(cell)));
}

function sum(cells: readonly Cell[], isReal: boolean): Cell {
  if (isReal) return cells.reduce<number>((total, cell) => total + Number(cell ?? 0), 0);
  return BigInt.asIntN(
    64,
    cells.reduce<bigint>((total, cell) => total + (typeof cell === "bigint" ? cell : 0n), 0n),
  );
}

/** Nulls are passed over; null where there is nothing else. */
function extreme(cells: readonly Cell[], largest: boolean): Cell {
  let best: Cell = null;
  for (const cell of cells)
    if (cell !== null && (best === null || (largest ? compared(cell, best) > 0 : compared(cell, best) < 0)))
      best = cell;
  return best;
}
