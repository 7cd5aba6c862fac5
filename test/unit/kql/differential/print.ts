import type { Aggregate, Cell, Expr, On, Query, SortKey, Step, Type } from "./tree.ts";

/** The query as KQL. */
export const printQuery = ({ table, steps }: Query): string => [table, ...steps.map(printStep)].join("\n| ");

function printStep(step: Step): string {
  switch (step.op) {
    case "where":
      return `where ${printExpr(step.predicate)}`;
    case "extend":
    case "project":
      return `${step.op} ${step.columns.map(({ name, expr }) => `${name} = ${printExpr(expr)}`).join(", ")}`;
    case "summarize":
      return `summarize ${step.aggregates.map(printAggregate).join(", ")}${step.by.length > 0 ? ` by ${step.by.join(", ")}` : ""}`;
    case "distinct":
      return `distinct ${step.columns.join(", ")}`;
    case "sort":
      return `sort by ${step.keys.map(printKey).join(", ")}`;
    case "top":
      return `top ${step.n} by ${printKey(step.key)}`;
    case "take":
      return `take ${step.n}`;
    case "count":
      return "count";
    case "join":
    case "lookup":
      return `${step.op} ${step.kind === undefined ? "" : `kind=${step.kind} `}(${printQuery(step.right)}) on ${step.on.map(printOn).join(", ")}`;
    case "union":
      return `union ${step.kind === undefined ? "" : `kind=${step.kind} `}${step.source === undefined ? "" : `withsource=${step.source} `}${step.others.map((other) => (other.steps.length === 0 ? other.table : `(${printQuery(other)})`)).join(", ")}`;
    case "mv-expand":
      return `mv-expand ${step.column}${step.to === undefined ? "" : ` to typeof(${step.to})`}`;
    default:
      throw new TypeError(`no such step: ${String(step satisfies never)}`);
  }
}

/** Ascending and descending are always said; nulls only where the step says. */
const printKey = ({ column, descending, nulls }: SortKey): string =>
  `${column} ${descending ? "desc" : "asc"}${nulls === undefined ? "" : ` nulls ${nulls}`}`;

const printOn = ({ left, right }: On): string => (left === right ? left : `$left.${left} == $right.${right}`);

function printAggregate(aggregate: Aggregate): string {
  if (!("args" in aggregate)) return `${aggregate.fn}(${aggregate.by}, ${aggregate.of})`;
  return `${aggregate.name} = ${aggregate.fn}(${aggregate.args.map(printExpr).join(", ")})`;
}

function printExpr(expr: Expr): string {
  if (expr.kind === "column") return expr.name;
  if (expr.kind === "literal") return printLiteral(expr.value, expr.type);
  const [first = "", ...rest] = expr.args.map(printExpr);
  switch (expr.op) {
    case "in":
      return `(${first} in (${rest.join(", ")}))`;
    case "tomorrow":
      return `(${first} + 1d)`;
    case "half":
      return `(${first} + 0.5)`;
    case "bin":
    case "strcat":
    case "toupper":
    case "strlen":
    case "tostring":
    case "not":
    case "isnull":
    case "isempty":
    case "iff":
    case "coalesce":
    case "pack_array":
      return `${expr.op}(${[first, ...rest].join(", ")})`;
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "=~":
    case "contains":
    case "startswith":
    case "and":
    case "or":
      return `(${first} ${expr.op} ${rest.join("")})`;
    default:
      throw new TypeError(`no such operation: ${String(expr.op satisfies never)}`);
  }
}

function printLiteral(value: Cell, type: Type): string {
  if (type === "string") return JSON.stringify(value);
  if (typeof value === "object" && value !== null && "ticks" in value) return `datetime(${isoOf(value.ticks)})`;
  return `${type}(${typeof value === "object" ? "null" : String(value)})`;
}

/** Ticks from 0001-01-01, whole seconds here. */
const isoOf = (ticks: bigint): string => new Date(Number(ticks / 10_000n) - 62_135_596_800_000).toISOString();
