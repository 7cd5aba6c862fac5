import type { Aggregate, Column, Expr, Query, Step, Type } from "./tree.ts";

/** Columns of what a query answers, and whether the order of its rows is that of its input. */
export interface Shape {
  readonly columns: readonly Column[];
  readonly ordered: boolean;
}

export type Tables = Readonly<Record<string, readonly Column[]>>;

export const shapeOf = ({ table, steps }: Query, tables: Tables): Shape =>
  steps.reduce<Shape>((shape, step) => shapeAfter(shape, step, tables), {
    columns: tables[table] ?? [],
    ordered: true,
  });

export function shapeAfter(shape: Shape, step: Step, tables: Tables): Shape {
  const { columns, ordered } = shape;
  switch (step.op) {
    case "where":
    case "top":
    case "take":
      return shape;
    case "extend": {
      const fresh = step.columns.map(({ name, expr }) => columnOf(name, expr, columns));
      const replaced = columns.map((column) => fresh.find(({ name }) => name === column.name) ?? column);
      return { ordered, columns: [...replaced, ...fresh.filter(({ name }) => !has(columns, name))] };
    }
    case "project":
      return { ordered, columns: step.columns.map(({ name, expr }) => columnOf(name, expr, columns)) };
    case "summarize":
      return {
        ordered: false,
        columns: [
          ...step.by.map((name) => named(columns, name)),
          ...step.aggregates.flatMap((one) => aggregated(one, shape)),
        ],
      };
    case "distinct":
      return { ordered: false, columns: step.columns.map((name) => named(columns, name)) };
    case "sort":
      return {
        columns,
        ordered: ordered || columns.every(({ name }) => step.keys.some(({ column }) => column === name)),
      };
    case "count":
      return { ordered: true, columns: [{ name: "Count", type: "long" }] };
    case "join": {
      const right = shapeOf(step.right, tables).columns;
      if (step.kind === "leftsemi" || step.kind === "leftanti") return { ordered: false, columns };
      if (step.kind === "rightsemi" || step.kind === "rightanti") return { ordered: false, columns: right };
      return {
        ordered: false,
        columns: [...columns, ...right.map((column) => ({ ...column, name: joinedName(column.name, columns) }))],
      };
    }
    case "lookup": {
      const right = shapeOf(step.right, tables).columns.filter(({ name }) => !step.on.some((on) => on.right === name));
      return { ordered: false, columns: [...columns, ...right] };
    }
    case "union":
      return {
        ordered: false,
        columns: unionColumns([columns, ...step.others.map((other) => shapeOf(other, tables).columns)], step),
      };
    case "mv-expand":
      return {
        ordered,
        columns: columns.map((column) =>
          column.name === step.column ? { name: column.name, type: step.to ?? "dynamic" } : column,
        ),
      };
    default:
      throw new TypeError(`no such step: ${String(step satisfies never)}`);
  }
}

export const has = (columns: readonly Column[], name: string): boolean =>
  columns.some((column) => column.name === name);

export function named(columns: readonly Column[], name: string): Column {
  const found = columns.find((column) => column.name === name);
  if (found === undefined) throw new TypeError(`no column ${name}`);
  return found;
}

function columnOf(name: string, expr: Expr, columns: readonly Column[]): Column {
  return expr.kind === "column" ? { ...named(columns, expr.name), name } : { name, type: expr.type };
}

/** A right column of a name that the left side has gets a 1; the generator makes no pair where that is taken too. */
export const joinedName = (name: string, left: readonly Column[]): string => (has(left, name) ? `${name}1` : name);

function aggregated(aggregate: Aggregate, { columns, ordered }: Shape): readonly Column[] {
  if (!("args" in aggregate)) return [named(columns, aggregate.by), named(columns, aggregate.of)];
  const { fn, name, args } = aggregate;
  const type = args[0]?.type ?? "long";
  if (fn === "make_set" || fn === "make_list")
    return [{ name, type: "dynamic", ...(!ordered && { unordered: true as const }) }];
  const types: Partial<Record<typeof fn, Type>> = { count: "long", countif: "long", dcount: "long", avg: "real" };
  return [{ name, type: types[fn] ?? type }];
}

/** A name with several types becomes several columns, `name_type`. An inner union has what all branches have. */
function unionColumns(
  branches: readonly (readonly Column[])[],
  step: Extract<Step, { op: "union" }>,
): readonly Column[] {
  const all = branches.flat();
  const found = new Map<string, Column>();
  for (const column of all) {
    const name = unionName(column, branches);
    const shared = branches.every((branch) =>
      branch.some((other) => other.name === column.name && other.type === column.type),
    );
    if (step.kind !== "inner" || shared) {
      const unordered = all.some((other) => other.unordered && other.name === column.name);
      found.set(name, { name, type: column.type, ...(unordered && { unordered: true as const }) });
    }
  }
  const source: readonly Column[] = step.source === undefined ? [] : [{ name: step.source, type: "string" }];
  return [...source, ...found.values()];
}

export function unionName({ name, type }: Column, branches: readonly (readonly Column[])[]): string {
  const types = new Set(
    branches
      .flat()
      .filter((other) => other.name === name)
      .map((other) => other.type),
  );
  return types.size > 1 ? `${name}_${type}` : name;
}
