import { parseTimespan } from "../kql/datetime.ts";
import { nameText, plainText } from "../kql/name-text.ts";
import type { CheckedQuery } from "../kql/validate.ts";
import type { SyntaxView } from "../kql/syntax.ts";
import { child, list, nodeName, optionalChild, tokenText, walk } from "../kql/syntax.ts";
import type { QueryPart } from "../core/pack.ts";

const TICKS_PER_MILLISECOND = 10_000n;

/** An expression of the query that an instant of the plan takes the place of. Offsets in the query's text. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly part: QueryPart;
}

const PLANNED: ReadonlyMap<string, QueryPart> = new Map([
  ["Time_start", { instant: "horizon" }],
  ["Time_end", { instant: "to" }],
]);

/** The window that published detections define in two let statements, as the plan's. */
export function plannedWindow({ lets }: Pick<CheckedQuery, "lets">): readonly Replacement[] {
  return lets.flatMap((statement) => {
    const part = PLANNED.get(nameText(child(statement, "Name")));
    const value = child(statement, "Expression");
    if (part === undefined || value.ResultType?.Name !== "datetime") return [];
    return [{ start: value.TextStart, end: value.End, part }];
  });
}

/**
 * Milliseconds of the shortest `ago(X)`, `now(-X)` or `now() - X` that is left once the plan's instants are in place, X a
 * literal or the name of a let that is one; `undefined` where there is none. What bounds a time from above is none: it says
 * where the window ends.
 */
export function ownWindow({ lets, expression }: CheckedQuery, replaced: readonly Replacement[]): number | undefined {
  const constants = new Map(
    lets.map((statement) => [nameText(child(statement, "Name")), child(statement, "Expression")]),
  );
  let shortest: number | undefined;
  for (const node of [...lets.flatMap((statement) => [...walk(statement)]), ...walk(expression)]) {
    if (replaced.some(({ start, end }) => node.TextStart >= start && node.End <= end) || isUpperBound(node)) continue;
    const back = backFromNow(node, constants);
    if (back !== undefined && back > 0 && (shortest === undefined || back < shortest)) shortest = back;
  }
  return shortest;
}

type Constants = ReadonlyMap<string, SyntaxView>;

function backFromNow(node: SyntaxView, constants: Constants): number | undefined {
  const kind = nodeName(node);
  if (kind === "BinaryExpression" && operator(node) === "-" && isNow(child(node, "Left")))
    return timespan(child(node, "Right"), constants);
  if (kind !== "FunctionCallExpression") return undefined;
  const name = nameText(child(node, "Name"));
  const [argument] = argumentsOf(node);
  if (argument === undefined) return undefined;
  const value = timespan(argument, constants);
  if (name === "ago") return value;
  return name === "now" && value !== undefined ? -value : undefined;
}

const argumentsOf = (call: SyntaxView): SyntaxView[] => list(child(call, "ArgumentList"), "Expressions");

const isNow = (node: SyntaxView): boolean =>
  nodeName(node) === "FunctionCallExpression" &&
  nameText(child(node, "Name")) === "now" &&
  argumentsOf(node).length === 0;

const operator = (node: SyntaxView): string => tokenText(child(node, "Operator"));

/** Milliseconds, signed. */
function timespan(node: SyntaxView, constants: Constants): number | undefined {
  switch (nodeName(node)) {
    case "LiteralExpression":
    case "CompoundStringLiteralExpression": {
      const ticks = node.ResultType?.Name === "timespan" ? parseTimespan(literalText(node)) : undefined;
      return ticks === undefined ? undefined : Number(ticks / TICKS_PER_MILLISECOND);
    }
    case "PrefixUnaryExpression": {
      const value = timespan(child(node, "Expression"), constants);
      return value === undefined ? undefined : operator(node) === "-" ? -value : value;
    }
    case "ParenthesizedExpression":
      return timespan(child(node, "Expression"), constants);
    case "NameReference": {
      const constant = constants.get(nameText(child(node, "Name")));
      // Only a literal: following names further would have to see that a name is not its own.
      return constant === undefined || nodeName(constant) === "NameReference"
        ? undefined
        : timespan(constant, new Map());
    }
    default:
      return undefined;
  }
}

const literalText = (node: SyntaxView): string =>
  plainText(node)
    .replace(/^(?:time|timespan)\s*\(\s*(.*?)\s*\)$/is, "$1")
    .replace(/^(["'])(.*)\1$/s, "$2");

/** `x < ago(1h)`, `ago(1h) > x`, and the second end of a between. */
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
