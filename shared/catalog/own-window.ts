import type { QueryPart } from "../core/pack.ts";
import { nameText } from "../kql/name-text.ts";
import type { SyntaxView } from "../kql/syntax.ts";
import { child, list, nodeName, optionalChild, property, tokenText, walk } from "../kql/syntax.ts";
import type { CheckedQuery } from "../kql/validate.ts";
import type { Constants } from "./constant.ts";
import { constantNumber, constantsIn, resolve } from "./constant.ts";

/** An expression of the query that the plan replaces with an instant. Offsets in the query's text. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly part: QueryPart;
}

const PLANNED: ReadonlyMap<string, QueryPart> = new Map([
  ["Time_start", { instant: "horizon" }],
  ["Time_end", { instant: "to" }],
]);

/** Replaces the window that published detections define in two let statements by the planned one. */
export function plannedWindow({ lets }: Pick<CheckedQuery, "lets">): readonly Replacement[] {
  return lets.flatMap((statement) => {
    const part = PLANNED.get(nameText(child(statement, "Name")));
    const value = child(statement, "Expression");
    if (part === undefined || value.ResultType?.Name !== "datetime") return [];
    return [{ start: value.TextStart, end: value.End, part }];
  });
}

/** How far a query itself looks back. */
export interface OwnWindow {
  /** Milliseconds of the shortest look-back; `undefined` where there is none. */
  readonly shortest: number | undefined;
  /** Offsets of look-backs whose length is known only at run time. */
  readonly unknown: readonly number[];
}

/**
 * The look-backs from now that remain after the plan's replacements: `ago(X)`, `now(-X)`, `now() - X` and
 * `datetime_add("day", -5, now())`, X a constant. An upper bound of a time is not a look-back: it is where the window ends.
 */
export function ownWindow({ lets, expression }: CheckedQuery, replaced: readonly Replacement[]): OwnWindow {
  const statements = [...lets, expression];
  const constants = constantsIn(statements);
  let shortest: number | undefined;
  const unknown: number[] = [];
  for (const node of statements.flatMap((statement) => [...walk(statement)])) {
    if (replaced.some(({ start, end }) => node.TextStart >= start && node.End <= end) || isUpperBound(node)) continue;
    const back = backFromNow(node, constants);
    if (back === "untold") unknown.push(node.TextStart);
    else if (back !== undefined && back > 0 && (shortest === undefined || back < shortest)) shortest = back;
  }
  return { shortest, unknown };
}

function backFromNow(node: SyntaxView, constants: Constants): number | "untold" | undefined {
  if (nodeName(node) === "BinaryExpression") {
    if (!isNow(child(node, "Left"), constants)) return undefined;
    // now() - Timestamp is an age, not a look-back.
    if (child(node, "Right").ResultType?.Name !== "timespan") return undefined;
    if (operator(node) === "-") return lookBack(constantNumber(child(node, "Right"), constants));
    return operator(node) === "+" ? lookBack(constantNumber(child(node, "Right"), constants), -1) : undefined;
  }
  if (nodeName(node) !== "FunctionCallExpression") return undefined;
  const [first, second, third] = argumentsOf(node);
  switch (nameText(child(node, "Name"))) {
    case "ago":
      return first && lookBack(constantNumber(first, constants));
    case "now":
      return first && lookBack(constantNumber(first, constants), -1);
    case "datetime_add": {
      if (first === undefined || second === undefined || third === undefined || !isNow(third, constants))
        return undefined;
      const unit = property(first, "ConstantValue");
      return lookBack(constantNumber(second, constants), -((typeof unit === "string" && UNITS.get(unit)) || NaN));
    }
    default:
      return undefined;
  }
}

const lookBack = (value: number | undefined, factor = 1): number | "untold" =>
  value === undefined || Number.isNaN(factor) ? "untold" : value * factor;

const DAY = 86_400_000;

/** Milliseconds of a unit; of a month, quarter or year the shortest possible. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["year", 365 * DAY],
  ["quarter", 90 * DAY],
  ["month", 28 * DAY],
  ["week", 7 * DAY],
  ["day", DAY],
  ["hour", DAY / 24],
  ["minute", 60_000],
  ["second", 1000],
  ["millisecond", 1],
]);

const argumentsOf = (call: SyntaxView): SyntaxView[] => list(child(call, "ArgumentList"), "Expressions");

function isNow(given: SyntaxView, constants: Constants): boolean {
  const node = resolve(given, constants);
  return (
    nodeName(node) === "FunctionCallExpression" &&
    nameText(child(node, "Name")) === "now" &&
    argumentsOf(node).length === 0
  );
}

const operator = (node: SyntaxView): string => tokenText(child(node, "Operator"));

/** Matches `x < ago(1h)`, `ago(1h) > x`, and the upper end of a between. */
function isUpperBound(node: SyntaxView): boolean {
  const above = node.Parent;
  if (above === null) return false;
  if (nodeName(above) === "ParenthesizedExpression") return isUpperBound(above);
  const side = (name: string): boolean => sameNode(optionalChild(above, name), node);
  if (nodeName(above) === "BinaryExpression") {
    const sign = operator(above);
    return ((sign === "<" || sign === "<=") && side("Right")) || ((sign === ">" || sign === ">=") && side("Left"));
  }
  return nodeName(above) === "ExpressionCouple" && side("Second");
}

const sameNode = (a: SyntaxView | undefined, b: SyntaxView): boolean =>
  a !== undefined && a.TextStart === b.TextStart && a.End === b.End && nodeName(a) === nodeName(b);
