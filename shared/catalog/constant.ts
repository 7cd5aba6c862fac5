import { nameText } from "../kql/name-text.ts";
import { parseTimespan } from "../kql/datetime.ts";
import type { SymbolView, SyntaxView } from "../kql/syntax.ts";
import { child, list, nodeName, property, tokenText, walk } from "../kql/syntax.ts";

/** Expressions of a query's let statements, those inside functions too. Keyed by symbol: two lets may share a name. */
export type Constants = ReadonlyMap<SymbolView, SyntaxView>;

const TICKS_PER_MILLISECOND = 10_000;

const NUMBERS: ReadonlySet<string> = new Set(["int", "long", "real"]);

export function constantsIn(statements: readonly SyntaxView[]): Constants {
  const found = new Map<SymbolView, SyntaxView>();
  for (const node of statements.flatMap((statement) => [...walk(statement)])) {
    const symbol = nodeName(node) === "LetStatement" && child(node, "Name").ReferencedSymbol;
    if (symbol) found.set(symbol, child(node, "Expression"));
  }
  return found;
}

/** The expression that a node stands for: follows brackets and names of let statements. */
export function resolve(node: SyntaxView, constants: Constants): SyntaxView {
  if (nodeName(node) === "ParenthesizedExpression") return resolve(child(node, "Expression"), constants);
  const value = node.ReferencedSymbol && nodeName(node) === "NameReference" && constants.get(node.ReferencedSymbol);
  return value ? resolve(value, constants) : node;
}

/** The number of a constant expression, or milliseconds of a timespan; `undefined` for anything else. */
export function constantNumber(given: SyntaxView, constants: Constants): number | undefined {
  const node = resolve(given, constants);
  switch (nodeName(node)) {
    case "PrefixUnaryExpression": {
      const value = constantNumber(child(node, "Expression"), constants);
      return value === undefined ? undefined : operator(node) === "-" ? -value : value;
    }
    case "BinaryExpression":
      return computed(node, constants);
    case "FunctionCallExpression":
      return converted(node);
    default:
      return literal(node);
  }
}

/** The number of a node whose value the language service knows. */
function literal(node: SyntaxView): number | undefined {
  const value = property(node, "ConstantValue");
  if (value === undefined || value === null) return undefined;
  const type = node.ResultType?.Name ?? "";
  if (type === "timespan" && typeof value === "object") return Number(property(value, "ticks")) / TICKS_PER_MILLISECOND;
  return NUMBERS.has(type) ? Number(value) : undefined;
}

function computed(node: SyntaxView, constants: Constants): number | undefined {
  const left = constantNumber(child(node, "Left"), constants);
  const right = constantNumber(child(node, "Right"), constants);
  if (left === undefined || right === undefined) return undefined;
  const isWhole = node.ResultType?.Name === "long" || node.ResultType?.Name === "int";
  switch (operator(node)) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return isWhole ? Math.trunc(left / right) : left / right;
    default:
      return undefined;
  }
}

/** `totimespan("5h")`. */
function converted(node: SyntaxView): number | undefined {
  const [argument] = list(child(node, "ArgumentList"), "Expressions");
  const text = argument && property(argument, "ConstantValue");
  if (nameText(child(node, "Name")) !== "totimespan" || typeof text !== "string") return undefined;
  const ticks = parseTimespan(text);
  return ticks === undefined ? undefined : Number(ticks) / TICKS_PER_MILLISECOND;
}

const operator = (node: SyntaxView): string => tokenText(child(node, "Operator"));
