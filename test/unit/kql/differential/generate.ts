import { column, isScalar, randomExpression } from "./generate-expression.ts";
import type { Random } from "./random.ts";
import type { Shape } from "./shape.ts";
import { has, joinedName, shapeAfter, shapeOf } from "./shape.ts";
import { TABLES } from "./tables.ts";
import type { Aggregate, Column, Expr, Named, On, Query, SortKey, Step } from "./tree.ts";
import { JOIN_KINDS } from "./tree.ts";

/** Names that no column has yet. */
type SourceFreshness = () => string;

/** A query of one to six steps that means the same to every implementation that keeps to the documentation. */
export function randomQuery(random: Random): Query {
  let n = 0;
  return queryOf(random, () => `v${(n += 1)}`, 1 + random.below(6), 2);
}

function queryOf(random: Random, fresh: SourceFreshness, length: number, depth: number): Query {
  const table = random.pick(Object.keys(TABLES));
  const steps: Step[] = [];
  let shape = shapeOf({ table, steps }, TABLES);
  for (let i = 0; i < length; i++)
    for (const step of randomSteps(shape, random, fresh, depth)) {
      steps.push(step);
      shape = shapeAfter(shape, step, TABLES);
    }
  return { table, steps };
}

/** The documentation lets no dynamic be a key. */
const keysOf = ({ columns }: Shape): readonly Column[] => columns.filter(({ type }) => isScalar(type));

function randomSteps(shape: Shape, random: Random, fresh: SourceFreshness, depth: number): readonly Step[] {
  const { columns, ordered } = shape;
  const keys = keysOf(shape);
  const makers: (() => readonly Step[])[] = [
    () => [{ op: "where", predicate: randomExpression("bool", columns, random) }],
    () => [{ op: "extend", columns: randomColumns(columns, random, fresh) }],
    () => [{ op: "project", columns: projected(columns, random, fresh) }],
    () => [randomSummarize(shape, random, fresh)],
  ];
  if (random.oneIn(6)) makers.push(() => [{ op: "count" }]);
  if (keys.length > 0) {
    makers.push(
      () => [{ op: "distinct", columns: random.some(keys).map(({ name }) => name) }],
      () => [{ op: "sort", keys: random.some(keys).map((key) => sortKey(key, random)) }],
    );
    // Which rows are first has to be decided before some are taken.
    const total = columns.length === keys.length;
    if (ordered || total) {
      const order: Step = { op: "sort", keys: keys.map((key) => sortKey(key, random)) };
      makers.push(() => [...(ordered ? [] : [order]), { op: "take", n: random.below(5) }]);
      makers.push(() => [
        ...(ordered ? [] : [order]),
        { op: "top", n: random.below(5), key: sortKey(random.pick(keys), random) },
      ]);
    }
  }
  if (columns.some(({ type }) => type === "dynamic")) makers.push(() => [randomExpansion(columns, random)]);
  if (depth > 0)
    makers.push(
      ...[0, 1, 2].map(() => () => randomJoin(shape, random, fresh, depth)),
      () => randomLookup(shape, random, fresh, depth),
      () => randomUnion(shape, random, fresh, depth),
    );
  return random.pick(makers)();
}

function randomColumns(columns: readonly Column[], random: Random, fresh: SourceFreshness): readonly Named[] {
  const scalar = (): Named => {
    const type = random.pick(["long", "string", "bool", "real", "datetime"] as const);
    // Now and then in the place of another.
    const name = random.oneIn(5) && columns.length > 0 ? random.pick(columns).name : fresh();
    return { name, expr: randomExpression(type, columns, random) };
  };
  const list = (): Named => {
    const args = [randomExpression("long", columns, random, 1), randomExpression("string", columns, random, 1)];
    return { name: fresh(), expr: { kind: "call", op: "pack_array", args, type: "dynamic" } };
  };
  const first = random.oneIn(4) ? list() : scalar();
  return random.oneIn(3) && !has(columns, first.name) ? [first, { ...scalar(), name: fresh() }] : [first];
}

const projected = (columns: readonly Column[], random: Random, fresh: SourceFreshness): readonly Named[] => [
  ...random.some(columns).map((one) => ({ name: random.oneIn(4) ? fresh() : one.name, expr: column(one) })),
  ...(random.oneIn(3) ? [{ name: fresh(), expr: randomExpression("long", columns, random) }] : []),
];

const sortKey = ({ name }: Column, random: Random): SortKey => {
  const nulls = random.pick(["first", "last", undefined] as const);
  return { column: name, descending: random.oneIn(2), ...(nulls !== undefined && { nulls }) };
};

function randomSummarize(shape: Shape, random: Random, fresh: SourceFreshness): Step {
  const { columns, ordered } = shape;
  const keys = keysOf(shape);
  const by = keys.length === 0 || random.oneIn(4) ? [] : random.some(keys).slice(0, 3);
  const aggregates = Array.from({ length: 1 + random.below(3) }, () => randomAggregate(shape, random, fresh));
  // Two columns that keep their names, of which no other may have one; of equals the first counts.
  const free = keys.filter((key) => !by.includes(key) && key.type !== "bool" && key.type !== "string");
  const others = columns.filter((one) => !by.includes(one));
  const [ranked, other] = [
    free.length > 0 ? random.pick(free) : undefined,
    others.length > 0 ? random.pick(others) : undefined,
  ];
  const row: readonly Aggregate[] =
    ordered && ranked !== undefined && other !== undefined && ranked.name !== other.name && random.oneIn(2)
      ? [{ fn: random.pick(["arg_max", "arg_min"] as const), by: ranked.name, of: other.name }]
      : [];
  return { op: "summarize", aggregates: [...aggregates, ...row], by: by.map(({ name }) => name) };
}

function randomAggregate({ columns, ordered }: Shape, random: Random, fresh: SourceFreshness): Aggregate {
  const name = fresh();
  const scalar = random.pick(["long", "string", "datetime"] as const);
  const long = randomExpression("long", columns, random, 1);
  const small = {
    kind: "call",
    op: "%",
    type: "long",
    args: [long, { kind: "literal", value: 10n, type: "long" }],
  } as const;
  const condition = (): Expr => randomExpression("bool", columns, random, 1);
  const makers: (() => Aggregate)[] = [
    () => ({ fn: "count", name, args: [] }),
    () => ({ fn: "countif", name, args: [condition()] }),
    () => ({ fn: "sum", name, args: [long] }),
    () => ({ fn: "sum", name, args: [randomExpression("real", columns, random, 1)] }),
    () => ({ fn: "sumif", name, args: [long, condition()] }),
    () => ({ fn: random.pick(["min", "max"] as const), name, args: [randomExpression(scalar, columns, random, 1)] }),
    () => ({ fn: "dcount", name, args: [randomExpression(scalar, columns, random, 1)] }),
    () => ({
      fn: random.pick(["make_set", "make_list"] as const),
      name,
      args: [randomExpression(random.pick(["long", "string"] as const), columns, random, 1)],
    }),
    // Sums of small numbers are exact in any order.
    () => ({ fn: "avg", name, args: [small] }),
  ];
  if (ordered) makers.push(() => ({ fn: "take_any", name, args: [randomExpression(scalar, columns, random, 1)] }));
  return random.pick(makers)();
}

function randomExpansion(columns: readonly Column[], random: Random): Step {
  const { name } = random.pick(columns.filter(({ type }) => type === "dynamic"));
  const to = random.pick(["long", "string", undefined] as const);
  return { op: "mv-expand", column: name, ...(to !== undefined && { to }) };
}

/** A right side, and one or two pairs of keys of one type; `undefined` where no types agree. */
function partner(
  shape: Shape,
  random: Random,
  fresh: SourceFreshness,
  depth: number,
): { right: Query; on: readonly On[] } | undefined {
  const right = queryOf(random, fresh, random.below(3), depth - 1);
  const others = keysOf(shapeOf(right, TABLES));
  const pairs = keysOf(shape).flatMap((left) =>
    others
      .filter(({ type }) => type === left.type && type !== "real" && type !== "bool")
      .map((other) => ({ left: left.name, right: other.name })),
  );
  if (pairs.length === 0) return undefined;
  const natural = pairs.filter(({ left, right: other }) => left === other);
  const from = natural.length > 0 && !random.oneIn(4) ? natural : pairs;
  const [one, two] = [random.pick(from), random.pick(from)];
  return { right, on: random.oneIn(2) || one.left === two.left || one.right === two.right ? [one] : [one, two] };
}

function randomJoin(shape: Shape, random: Random, fresh: SourceFreshness, depth: number): readonly Step[] {
  const found = partner(shape, random, fresh, depth);
  if (found === undefined) return [];
  // Which left row of a key innerunique takes is decided only where the order is.
  const kinds = [...JOIN_KINDS, undefined].filter(
    (kind) => shape.ordered || (kind !== undefined && kind !== "innerunique"),
  );
  const right = shapeOf(found.right, TABLES).columns;
  const clash = right.some(({ name }) => {
    const joinedAs = joinedName(name, shape.columns);
    return joinedAs !== name && (has(shape.columns, joinedAs) || has(right, joinedAs));
  });
  return clash ? [] : [{ op: "join", kind: random.pick(kinds), ...found }];
}

function randomLookup(shape: Shape, random: Random, fresh: SourceFreshness, depth: number): readonly Step[] {
  const found = partner(shape, random, fresh, depth);
  if (found === undefined) return [];
  const keys = new Set(found.on.map(({ right }) => right));
  const clash = shapeOf(found.right, TABLES).columns.some(({ name }) => !keys.has(name) && has(shape.columns, name));
  return clash ? [] : [{ op: "lookup", kind: random.pick(["leftouter", "inner", undefined] as const), ...found }];
}

function randomUnion(shape: Shape, random: Random, fresh: SourceFreshness, depth: number): readonly Step[] {
  const others = Array.from({ length: 1 + random.below(2) }, () => queryOf(random, fresh, random.below(3), depth - 1));
  const branches = [shape.columns, ...others.map((other) => shapeOf(other, TABLES).columns)];
  if (isLeftOut(branches)) return [];
  const all = branches.flat();
  const alike = branches.every((branch) =>
    all.every(({ name, type }) => branch.some((one) => one.name === name && one.type === type)),
  );
  const kind = random.pick(alike ? (["inner", "outer", undefined] as const) : (["outer", undefined] as const));
  return [{ op: "union", kind, others, ...(random.oneIn(3) && { source: fresh() }) }];
}

/**
 * Unions that go wrong and are not compared, beside inner ones over unlike tables, which the language service does not cut to what
 * is common: of three branches or more it loses a column of one name and another type; and the interpreter takes a column `k` of
 * one branch for the column `k_long` of another.
 */
function isLeftOut(branches: readonly (readonly Column[])[]): boolean {
  const all = branches.flat();
  const conflict = all.some((one) => all.some(({ name, type }) => name === one.name && type !== one.type));
  const confusable = all.some((one) => all.some(({ name, type }) => one.name === `${name}_${type}`));
  return confusable || (conflict && branches.length > 2);
}
