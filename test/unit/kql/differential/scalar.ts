import type { Cell, Expr, Instant } from "./tree.ts";

export type Row = Readonly<Record<string, Cell>>;

const TICKS_PER_DAY = 864_000_000_000n;

/** What an expression is in a row. Source: "Null values", "Numerical operators", "Logical operators" of the Kusto documentation. */
export function valueIn(row: Row, expr: Expr): Cell {
  if (expr.kind === "column") return row[expr.name] ?? null;
  if (expr.kind === "literal") return expr.value;
  const args = expr.args.map((arg) => valueIn(row, arg));
  const [a = null, b = null, c = null] = args;
  switch (expr.op) {
    case "+":
      return arithmetic(a, b, (x, y) => x + y);
    case "-":
      return arithmetic(a, b, (x, y) => x - y);
    case "*":
      return arithmetic(a, b, (x, y) => x * y);
    case "/":
      return arithmetic(a, b, (x, y) => x / y);
    case "%":
      return arithmetic(a, b, (x, y) => x % y);
    case "bin":
      return arithmetic(a, b, (x, y) => x - (((x % y) + y) % y));
    case "strcat":
      return args.map(text).join("");
    case "toupper":
      return text(a).toUpperCase();
    case "strlen":
      return BigInt(text(a).length);
    case "tostring":
      return text(a);
    case "==":
      return equality(a, b);
    case "!=":
      return negated(equality(a, b));
    case "<":
      return a === null || b === null ? null : magnitude(a) < magnitude(b);
    case "<=":
      return a === null || b === null ? null : magnitude(a) <= magnitude(b);
    case ">":
      return a === null || b === null ? null : magnitude(a) > magnitude(b);
    case ">=":
      return a === null || b === null ? null : magnitude(a) >= magnitude(b);
    case "=~":
      return lower(a) === lower(b);
    case "contains":
      return lower(a).includes(lower(b));
    case "startswith":
      return lower(a).startsWith(lower(b));
    case "in":
      return args.slice(1).includes(a);
    case "and":
      return a === false || b === false ? false : a === null || b === null ? null : true;
    case "or":
      return a === true || b === true ? true : a === null || b === null ? null : false;
    case "not":
      return negated(a);
    case "isnull":
      return a === null;
    case "isempty":
      return a === "";
    case "iff":
      return a === true ? b : c;
    case "coalesce":
      return a ?? b;
    case "tomorrow":
      return isInstant(a) ? { ticks: a.ticks + TICKS_PER_DAY } : null;
    case "half":
      return typeof a === "number" ? a + 0.5 : null;
    case "pack_array":
      return args;
    default:
      throw new TypeError(`no such operation: ${String(expr.op satisfies never)}`);
  }
}

export const isInstant = (cell: Cell): cell is Instant => typeof cell === "object" && cell !== null && "ticks" in cell;

/** 64 bits wrap; null with anything is null. */
function arithmetic(a: Cell, b: Cell, work: (x: bigint, y: bigint) => bigint): Cell {
  return typeof a === "bigint" && typeof b === "bigint" ? BigInt.asIntN(64, work(a, b)) : null;
}

/** null == null is null; null == value is false. */
function equality(a: Cell, b: Cell): boolean | null {
  if (a === null && b === null) return null;
  if (a === null || b === null) return false;
  return equal(a, b);
}

const negated = (a: Cell): boolean | null => (a === null ? null : a !== true);

/** Of two scalars of one type that are not null. */
export function equal(a: Cell, b: Cell): boolean {
  return isInstant(a) && isInstant(b) ? a.ticks === b.ticks : a === b;
}

const magnitude = (cell: Cell): bigint | number => {
  if (isInstant(cell)) return cell.ticks;
  if (typeof cell === "bigint" || typeof cell === "number") return cell;
  throw new TypeError("no order here");
};

/** Negative, zero or positive. Of two scalars of one type that are not null; strings by code unit, false before true. */
export function compared(a: Cell, b: Cell): number {
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : Number(a > b);
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  const [x, y] = [magnitude(a), magnitude(b)];
  return x < y ? -1 : Number(x > y);
}

const text = (cell: Cell): string => (typeof cell === "object" ? "" : String(cell));
const lower = (cell: Cell): string => text(cell).toLowerCase();
