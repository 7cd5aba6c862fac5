import type { Row } from "./scalar.ts";
import { compared, equal, isInstant, valueIn } from "./scalar.ts";
import type { Shape, Tables } from "./shape.ts";
import { joinedName, shapeAfter, shapeOf, unionName } from "./shape.ts";
import { summarized } from "./summarize.ts";
import { keyText } from "./key-text.ts";
import type { Cell, Column, On, Query, SortKey, Step } from "./tree.ts";

/** What the tables are and hold. */
export interface World {
  readonly tables: Tables;
  readonly rows: Readonly<Record<string, readonly Row[]>>;
}

type StepOf<Op extends Step["op"]> = Extract<Step, { op: Op }>;

/** The query's rows by loops over objects: slow, plain, and nothing of the interpreter's. */
export function evaluate({ table, steps }: Query, world: World): readonly Row[] {
  let rows = world.rows[table] ?? [];
  let shape: Shape = { columns: world.tables[table] ?? [], ordered: true };
  for (const [i, step] of steps.entries()) {
    rows = evaluateStep(step, { rows, shape, name: i === 0 ? table : "union_arg0" }, world);
    shape = shapeAfter(shape, step, world.tables);
  }
  return rows;
}

interface Input {
  readonly rows: readonly Row[];
  readonly shape: Shape;
  /** What a union calls it. */
  readonly name: string;
}

function evaluateStep(step: Step, { rows, shape, name }: Input, world: World): readonly Row[] {
  switch (step.op) {
    case "where":
      return rows.filter((row) => valueIn(row, step.predicate) === true);
    case "extend":
      return rows.map((row) => ({ ...row, ...computed(step, row) }));
    case "project":
      return rows.map((row) => computed(step, row));
    case "summarize":
      return summarized(step, rows, shape.columns);
    case "distinct":
      return distinct(step.columns, rows);
    case "sort":
      return sorted(step.keys, rows);
    case "top":
      return sorted([step.key], rows).slice(0, step.n);
    case "take":
      return rows.slice(0, step.n);
    case "count":
      return [{ Count: BigInt(rows.length) }];
    case "join":
      return joined(step, rows, shape.columns, world);
    case "lookup":
      return lookedUp(step, rows, world);
    case "union":
      return united(step, { rows, columns: shape.columns, name }, world);
    case "mv-expand":
      return expanded(step, rows);
    default:
      throw new TypeError(`no such step: ${String(step satisfies never)}`);
  }
}

const computed = ({ columns }: StepOf<"extend" | "project">, row: Row): Row =>
  Object.fromEntries(columns.map(({ name, expr }) => [name, valueIn(row, expr)]));

function distinct(columns: readonly string[], rows: readonly Row[]): readonly Row[] {
  const found: Row[] = [];
  for (const row of rows) {
    const cut = Object.fromEntries(columns.map((name) => [name, row[name] ?? null]));
    if (!found.some((other) => columns.every((name) => keyText(other[name]) === keyText(cut[name])))) found.push(cut);
  }
  return found;
}

/** By insertion: each row goes behind the last that is not after it. */
function sorted(keys: readonly SortKey[], rows: readonly Row[]): readonly Row[] {
  const out: Row[] = [];
  for (const row of rows) {
    let place = out.length;
    while (place > 0 && precedes(row, out[place - 1] ?? {}, keys)) place -= 1;
    out.splice(place, 0, row);
  }
  return out;
}

/** Ascending nulls come first and descending last, where the query does not say. */
function precedes(row: Row, other: Row, keys: readonly SortKey[]): boolean {
  for (const { column, descending, nulls } of keys) {
    const [a, b] = [row[column] ?? null, other[column] ?? null];
    const nullsFirst = nulls === undefined ? !descending : nulls === "first";
    if (a === null && b === null) continue;
    if (a === null) return nullsFirst;
    if (b === null) return !nullsFirst;
    const found = descending ? compared(b, a) : compared(a, b);
    if (found !== 0) return found < 0;
  }
  return false;
}

/** null meets nothing. */
const meets = (left: Row, right: Row, on: readonly On[]): boolean =>
  on.every((pair) => {
    const [a, b] = [left[pair.left] ?? null, right[pair.right] ?? null];
    return a !== null && b !== null && equal(a, b);
  });

function joined(step: StepOf<"join">, left: readonly Row[], columns: readonly Column[], world: World): readonly Row[] {
  const right = evaluate(step.right, world);
  const rightColumns = shapeOf(step.right, world.tables).columns;
  const partnersOfLeft = (row: Row): readonly Row[] => right.filter((other) => meets(row, other, step.on));
  const isMet = (row: Row): boolean => left.some((other) => meets(other, row, step.on));
  const pair = (one: Row, other: Row): Row => ({
    ...one,
    ...Object.fromEntries(rightColumns.map(({ name }) => [joinedName(name, columns), other[name] ?? null])),
  });
  const noLeft = missingRow(columns);
  const noRight = missingRow(rightColumns);
  const inner = (rows: readonly Row[]): readonly Row[] =>
    rows.flatMap((row) => partnersOfLeft(row).map((other) => pair(row, other)));
  const leftAlone = left.filter((row) => partnersOfLeft(row).length === 0).map((row) => pair(row, noRight));
  const rightAlone = right.filter((row) => !isMet(row)).map((row) => pair(noLeft, row));
  switch (step.kind) {
    case undefined:
    case "innerunique":
      return inner(left.filter((row, i) => !left.slice(0, i).some((before) => sameKey(before, row, step.on))));
    case "inner":
      return inner(left);
    case "leftouter":
      return [...inner(left), ...leftAlone];
    case "rightouter":
      return [...inner(left), ...rightAlone];
    case "fullouter":
      return [...inner(left), ...leftAlone, ...rightAlone];
    case "leftsemi":
      return left.filter((row) => partnersOfLeft(row).length > 0);
    case "leftanti":
      return left.filter((row) => partnersOfLeft(row).length === 0);
    case "rightsemi":
      return right.filter(isMet);
    case "rightanti":
      return right.filter((row) => !isMet(row));
    default:
      throw new TypeError(`no such join: ${String(step.kind satisfies never)}`);
  }
}

const sameKey = (one: Row, other: Row, on: readonly On[]): boolean =>
  on.every(({ left }) => keyText(one[left]) === keyText(other[left]));

function lookedUp(step: StepOf<"lookup">, left: readonly Row[], world: World): readonly Row[] {
  const right = evaluate(step.right, world);
  const added = shapeOf(step.right, world.tables).columns.filter(
    ({ name }) => !step.on.some((on) => on.right === name),
  );
  const cut = (row: Row): Row => Object.fromEntries(added.map(({ name }) => [name, row[name] ?? null]));
  return left.flatMap((row) => {
    const partners = right.filter((other) => meets(row, other, step.on));
    if (partners.length === 0) return step.kind === "inner" ? [] : [{ ...row, ...missingRow(added) }];
    return partners.map((other) => ({ ...row, ...cut(other) }));
  });
}

interface Branch {
  readonly rows: readonly Row[];
  readonly columns: readonly Column[];
  readonly name: string;
}

function united(step: StepOf<"union">, own: Branch, world: World): readonly Row[] {
  const branches: readonly Branch[] = [
    own,
    ...step.others.map((other, i) => ({
      rows: evaluate(other, world),
      columns: shapeOf(other, world.tables).columns,
      name: other.steps.length === 0 ? other.table : `union_arg${i + 1}`,
    })),
  ];
  const all = branches.map((branch) => branch.columns);
  const result = shapeAfter({ columns: own.columns, ordered: false }, step, world.tables).columns;
  return branches.flatMap((branch) =>
    branch.rows.map((row) => {
      const cells: Record<string, Cell> = { ...missingRow(result) };
      for (const column of branch.columns) {
        const name = unionName(column, all);
        if (name in cells) cells[name] = row[column.name] ?? null;
      }
      if (step.source !== undefined) cells[step.source] = branch.name;
      return cells;
    }),
  );
}

const missingRow = (columns: readonly Column[]): Row =>
  Object.fromEntries(columns.map(({ name, type }) => [name, type === "string" ? "" : null]));

/** An empty list makes no row, null makes one. A bag's elements are bags of one pair. */
function expanded({ column, to }: StepOf<"mv-expand">, rows: readonly Row[]): readonly Row[] {
  return rows.flatMap((row) =>
    elements(row[column] ?? null).map((element) => ({ ...row, [column]: cast(element, to) })),
  );
}

function elements(cell: Cell): readonly Cell[] {
  if (typeof cell !== "object" || cell === null || isInstant(cell)) return [cell];
  return "bag" in cell ? cell.bag.map((pair) => ({ bag: [pair] })) : cell;
}

/** A text among numbers is not read as one: null. */
function cast(cell: Cell, to: "long" | "string" | undefined): Cell {
  if (to === undefined) return cell;
  if (to === "string") return cell === null ? "" : typeof cell === "object" ? jsonText(cell) : String(cell);
  return typeof cell === "bigint" ? cell : null;
}

function jsonText(cell: Cell): string {
  if (cell === null) return "null";
  if (typeof cell === "string") return JSON.stringify(cell);
  if (typeof cell !== "object") return String(cell);
  if (isInstant(cell)) throw new TypeError("no instant is in a dynamic here");
  if ("bag" in cell)
    return `{${cell.bag.map(([key, value]) => `${JSON.stringify(key)}:${jsonText(value)}`).join(",")}}`;
  return `[${cell.map(jsonText).join(",")}]`;
}
