import { parseDatetime, parseTimespan } from "../datetime.ts";
import { toGuid, toLong, toReal } from "../convert.ts";
import type { SyntaxView } from "../syntax.ts";
import { child, list, nodeName, property, tokenText } from "../syntax.ts";
import type { Value } from "../value.ts";
import { Tagged, missing, toDynamic } from "../value.ts";
import type { Scope } from "./scope.ts";
import { unsupported } from "./scope.ts";

/** Value of a literal node of that type, parsed from its text: the language service's own values lose digits. */
export function literal(node: SyntaxView, type: string, scope: Scope): Value {
  const text = literalText(node);
  if (type === "string") return text;
  if (text === "null") return missing(type);
  const value = scalar(text, type);
  return value === undefined ? unsupported(scope, node.toString().trim(), node) : value;
}

function scalar(text: string, type: string): Value | undefined {
  switch (type) {
    case "long":
    case "int":
      return toLong(text, "string") ?? undefined;
    case "real":
    case "decimal":
      return toReal(text, "string") ?? undefined;
    case "bool":
      return /^(?:true|1)$/i.test(text) ? true : /^(?:false|0)$/i.test(text) ? false : undefined;
    case "datetime":
      return parseDatetime(unquoted(text));
    case "timespan":
      return parseTimespan(unquoted(text));
    case "guid":
      return toGuid(unquoted(text)) ?? undefined;
    default:
      return undefined;
  }
}

const unquoted = (text: string): string => text.replace(/^(["'])(.*)\1$/s, "$2");

function literalText(node: SyntaxView): string {
  const info = property(node, "LiteralValueInfo");
  const text = typeof info === "object" && info !== null ? property(info, "ValueText") : undefined;
  return typeof text === "string" ? (text.trim() === "" ? text : text) : node.toString().trim();
}

/** Value of the literal inside `dynamic(…)`. */
export function dynamicLiteral(node: SyntaxView, scope: Scope): Value {
  switch (nodeName(node)) {
    case "JsonArrayExpression":
      return list(node, "Values").map((item) => dynamicLiteral(item, scope));
    case "JsonObjectExpression":
      return new Map(
        list(node, "Pairs").map((pair) => [jsonKey(child(pair, "Name")), dynamicLiteral(child(pair, "Value"), scope)]),
      );
    case "LiteralExpression":
    case "CompoundStringLiteralExpression":
      return dynamicScalar(node, scope);
    case "PrefixUnaryExpression":
      return negated(dynamicLiteral(child(node, "Expression"), scope));
    default:
      return unsupported(scope, `dynamic(${nodeName(node)})`, node);
  }
}

function dynamicScalar(node: SyntaxView, scope: Scope): Value {
  const type = node.ResultType?.Name ?? "null";
  if (literalText(node) === "null") return null;
  return toDynamic(literal(node, type, scope), type);
}

function negated(value: Value): Value {
  if (value instanceof Tagged) return new Tagged(value.type, -value.value);
  return typeof value === "number" || typeof value === "bigint" ? -value : null;
}

function jsonKey(token: SyntaxView): string {
  const text = property(token, "ValueText");
  return typeof text === "string" ? text : unquoted(tokenText(token));
}
