import type { Random } from "./random.ts";
import { POOLS } from "./tables.ts";
import type { Cell, Column, Expr, Op, Type } from "./tree.ts";

type Scalar = Exclude<Type, "dynamic">;

export const isScalar = (type: Type): type is Scalar => type !== "dynamic";

/** An expression of that type over the columns. */
export function randomExpression(type: Scalar, columns: readonly Column[], random: Random, depth = 2): Expr {
  const own = columns.filter((column) => column.type === type);
  if (own.length > 0 && (depth === 0 || random.oneIn(3))) return column(random.pick(own));
  if (depth === 0) return literal(random.pick<Cell>(POOLS[type]), type);
  const inner = (wanted: Scalar): Expr => randomExpression(wanted, columns, random, depth - 1);
  const call = (op: Op, ...args: readonly Expr[]): Expr => ({ kind: "call", op, args, type });
  switch (type) {
    case "long":
      return random.pick([
        () => call(random.pick(["+", "-", "*"] as const), inner("long"), inner("long")),
        () => call(random.pick(["/", "%", "bin"] as const), inner("long"), literal(random.pick([2n, 3n, 10n]), "long")),
        () => call("strlen", inner("string")),
        () => call("iff", inner("bool"), inner("long"), inner("long")),
        () => call("coalesce", inner("long"), inner("long")),
      ])();
    case "string":
      return random.pick([
        () => call("strcat", inner("string"), inner("string")),
        () => call("toupper", inner("string")),
        () => call("tostring", inner("long")),
        () => call("iff", inner("bool"), inner("string"), inner("string")),
      ])();
    case "bool":
      return randomCondition(columns, random, depth, call, inner);
    case "real":
      return random.oneIn(2) ? call("half", inner("real")) : call("iff", inner("bool"), inner("real"), inner("real"));
    case "datetime":
      return random.oneIn(2)
        ? call("tomorrow", inner("datetime"))
        : call("iff", inner("bool"), inner("datetime"), inner("datetime"));
    default:
      throw new TypeError(`no such type: ${String(type satisfies never)}`);
  }
}

function randomCondition(
  columns: readonly Column[],
  random: Random,
  depth: number,
  call: (op: Op, ...args: readonly Expr[]) => Expr,
  inner: (type: Scalar) => Expr,
): Expr {
  const types = columns.map((one) => one.type).filter(isScalar);
  const type =
    random.oneIn(4) || types.length === 0 ? random.pick(["long", "string", "datetime"] as const) : random.pick(types);
  const choices = [
    () => call("not", inner("bool")),
    () => call(random.pick(["and", "or"] as const), inner("bool"), inner("bool")),
  ];
  if (type !== "real" && type !== "bool")
    choices.push(() => call(random.pick(["==", "!="] as const), inner(type), inner(type)));
  if (type === "long" || type === "datetime" || type === "real")
    choices.push(
      () => call(random.pick(["<", "<=", ">", ">="] as const), inner(type), inner(type)),
      () => call("isnull", inner(type)),
    );
  if (type === "string")
    choices.push(
      () => call(random.pick(["=~", "contains", "startswith"] as const), inner("string"), inner("string")),
      () => call("in", inner("string"), ...["a", "", "ab"].map((text) => literal(text, "string"))),
      () => call("isempty", inner("string")),
    );
  // Deep down only what compares.
  return random.pick(depth > 1 ? choices : choices.slice(2).length > 0 ? choices.slice(2) : choices)();
}

export const column = ({ name, type }: Column): Expr => ({ kind: "column", name, type });
const literal = (value: Cell, type: Type): Expr => ({ kind: "literal", value, type });
