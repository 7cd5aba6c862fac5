import { inRange } from "../datetime.ts";
import type { SyntaxView } from "../syntax.ts";
import type { Value } from "../value.ts";
import { long, untagged } from "../value.ts";
import type { Compiled, Scope } from "./scope.ts";
import { unsupported } from "./scope.ts";

type Operation = (left: number | bigint, right: number | bigint) => Value;

/** `+ - * / %`, chosen by the static types of both sides; null where either side is null. */
export function compileArithmetic(
  operator: string,
  left: Compiled,
  right: Compiled,
  node: SyntaxView,
  scope: Scope,
): Compiled {
  const operation = operationOf(operator, kindOf(left.type), kindOf(right.type));
  if (operation === undefined) return unsupported(scope, `${left.type} ${operator} ${right.type}`, node);
  const type = node.ResultType?.Name ?? "unknown";
  return {
    type,
    constant: left.constant && right.constant,
    get: (row) => {
      const a = untagged(left.get(row));
      const b = untagged(right.get(row));
      return (typeof a === "number" || typeof a === "bigint") && (typeof b === "number" || typeof b === "bigint")
        ? operation(a, b)
        : null;
    },
  };
}

type Kind = "integer" | "real" | "datetime" | "timespan" | "dynamic" | "other";

function kindOf(type: string): Kind {
  if (type === "long" || type === "int") return "integer";
  if (type === "real" || type === "decimal") return "real";
  return type === "datetime" || type === "timespan" || type === "dynamic" ? type : "other";
}

function operationOf(operator: string, left: Kind, right: Kind): Operation | undefined {
  if (left === "integer" && right === "integer") return INTEGER.get(operator);
  if (isNumber(left) && isNumber(right))
    return left === "dynamic" || right === "dynamic" ? loose(operator) : REAL.get(operator);
  return (
    TIME.get(`${left} ${operator} ${isNumber(right) && left !== "datetime" ? "number" : right}`) ??
    (isNumber(left) && right === "timespan" && operator === "*" ? scaled : undefined)
  );
}

const isNumber = (kind: Kind): boolean => kind === "integer" || kind === "real" || kind === "dynamic";

/** For dynamics: integer arithmetic where both hold integers. */
function loose(operator: string): Operation | undefined {
  const integer = INTEGER.get(operator);
  const real = REAL.get(operator);
  if (integer === undefined || real === undefined) return undefined;
  return (a, b) => (isWhole(a) && isWhole(b) ? integer(a, b) : real(a, b));
}

const isWhole = (value: number | bigint): boolean => typeof value === "bigint" || Number.isInteger(value);

/** 64-bit arithmetic: wraps, truncates towards zero; division by zero is null; a remainder has the dividend's sign. */
const INTEGER: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  [
    "+",
    (a, b) =>
      exact(
        a,
        b,
        (x, y) => x + y,
        (x, y) => x + y,
      ),
  ],
  [
    "-",
    (a, b) =>
      exact(
        a,
        b,
        (x, y) => x - y,
        (x, y) => x - y,
      ),
  ],
  [
    "*",
    (a, b) =>
      exact(
        a,
        b,
        (x, y) => x * y,
        (x, y) => x * y,
      ),
  ],
  [
    "/",
    (a, b) =>
      b == 0
        ? null
        : exact(
            a,
            b,
            (x, y) => Math.trunc(x / y),
            (x, y) => x / y,
          ),
  ],
  [
    "%",
    (a, b) =>
      b == 0
        ? null
        : exact(
            a,
            b,
            (x, y) => x % y,
            (x, y) => x % y,
          ),
  ],
]);

function exact(
  a: number | bigint,
  b: number | bigint,
  fast: (x: number, y: number) => number,
  wide: (x: bigint, y: bigint) => bigint,
): number | bigint {
  if (typeof a === "number" && typeof b === "number") {
    const result = fast(a, b);
    if (Number.isSafeInteger(result)) return result === 0 ? 0 : result; // no -0
  }
  return long(wide(BigInt(a), BigInt(b)));
}

const REAL: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ["+", (a, b) => Number(a) + Number(b)],
  ["-", (a, b) => Number(a) - Number(b)],
  ["*", (a, b) => Number(a) * Number(b)],
  ["/", (a, b) => Number(a) / Number(b)],
  ["%", (a, b) => Number(a) % Number(b)],
]);

const scaled: Operation = (a, b) =>
  typeof a === "number" && !Number.isInteger(a) ? ticks(a * Number(b)) : BigInt(a) * BigInt(b);

const ticks = (value: number): bigint | null => (Number.isFinite(value) ? BigInt(Math.round(value)) : null);

/** Arithmetic of times; a datetime out of range is null. */
const TIME: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ["datetime - datetime", (a, b) => BigInt(a) - BigInt(b)],
  ["datetime - timespan", (a, b) => inRange(BigInt(a) - BigInt(b))],
  ["datetime + timespan", (a, b) => inRange(BigInt(a) + BigInt(b))],
  ["timespan + datetime", (a, b) => inRange(BigInt(a) + BigInt(b))],
  ["timespan + timespan", (a, b) => BigInt(a) + BigInt(b)],
  ["timespan - timespan", (a, b) => BigInt(a) - BigInt(b)],
  ["timespan / timespan", (a, b) => (b == 0 ? null : Number(a) / Number(b))],
  ["timespan % timespan", (a, b) => (b == 0 ? null : BigInt(a) % BigInt(b))],
  ["timespan * number", (a, b) => scaled(b, a)],
  ["timespan / number", (a, b) => (b == 0 ? null : ticks(Number(a) / Number(b)))],
]);
