import { convert } from "../convert.ts";
import { columnTypeName, nodeName, child, list, property, tokenText } from "../syntax.ts";
import type { SyntaxView } from "../syntax.ts";
import type { Value } from "../value.ts";
import { isList, isMap, missing } from "../value.ts";
import { compileBinary } from "./binary.ts";
import { compileBetween, compileHasAll, compileHasAny, compileIn } from "./membership.ts";
import { compileFunction } from "./function-call.ts";
import { dynamicLiteral, literal } from "./literal.ts";
import { at, columnNamed } from "./relation.ts";
import type { Compiled, Scope } from "./scope.ts";
import { NO_ROW, unsupported, withoutRow } from "./scope.ts";
import { compileTabular } from "./tabular.ts";

/** Scalar type of a node, as bound by the language service. */
export const typeOf = (node: SyntaxView): string => columnTypeName(node.ResultType);

export const constantOf = (value: Value, type: string): Compiled => ({ type, constant: true, get: () => value });

/** Computes a constant expression at compile time. */
function folded(compiled: Compiled): Compiled {
  return compiled.constant ? constantOf(compiled.get(NO_ROW), compiled.type) : compiled;
}

/** Compiles a scalar expression to a function of a row. @throws {UnsupportedKqlError} */
export function compile(node: SyntaxView, scope: Scope): Compiled {
  return folded(compileNode(node, scope));
}

function compileNode(node: SyntaxView, scope: Scope): Compiled {
  const place = scope.aggregates?.get(node);
  if (place !== undefined) return { type: typeOf(node), constant: false, get: at(place) };
  const name = nodeName(node);
  switch (name) {
    case "LiteralExpression":
    case "CompoundStringLiteralExpression":
      return constantOf(literal(node, typeOf(node), scope), typeOf(node));
    case "DynamicExpression":
      return constantOf(dynamicLiteral(child(node, "Expression"), scope), "dynamic");
    case "ParenthesizedExpression":
    case "SimpleNamedExpression":
      return compileNode(child(node, "Expression"), scope);
    case "NameReference":
      return compileName(node, scope);
    case "PrefixUnaryExpression":
      return compileUnary(node, scope);
    case "BinaryExpression":
      return compileBinary(node, scope);
    case "InExpression":
      return compileIn(node, scope);
    case "BetweenExpression":
      return compileBetween(node, scope);
    case "HasAnyExpression":
      return compileHasAny(node, scope);
    case "HasAllExpression":
      return compileHasAll(node, scope);
    case "FunctionCallExpression":
      return compileFunction(node, scope);
    case "ToScalarExpression":
      return compileToScalar(node, scope);
    case "PathExpression":
      return compilePath(node, scope);
    case "ElementExpression":
      return compileElement(node, scope);
    default:
      return unsupported(scope, name, node);
  }
}

/** `toscalar()`: the first column of the first row; null where there is no row. */
function compileToScalar(node: SyntaxView, scope: Scope): Compiled {
  const relation = compileTabular(child(node, "Expression"), withoutRow(scope));
  const column = relation.columns[0];
  if (column === undefined) return unsupported(scope, "toscalar() of no column", node);
  let found = missing(column.type);
  relation.scan((row) => {
    found = column.get(row);
    return true;
  });
  return toType(constantOf(found, column.type), typeOf(node));
}

function compileName(node: SyntaxView, scope: Scope): Compiled {
  const name = simpleName(node);
  const kind = node.ReferencedSymbol ? nodeName(node.ReferencedSymbol) : "nothing";
  if (kind === "ColumnSymbol") {
    const column = scope.row && columnNamed(scope.row, name);
    if (column !== undefined) return { type: column.type, get: column.get, constant: false };
  }
  const binding = scope.bindings.get(name);
  if (binding?.kind === "value") return binding.value;
  return unsupported(scope, `name ${name} (${kind})`, node);
}

export function simpleName(node: SyntaxView): string {
  const name = property(node, "SimpleName");
  return typeof name === "string" ? name : node.toString().trim();
}

function compileUnary(node: SyntaxView, scope: Scope): Compiled {
  const operator = tokenText(child(node, "Operator"));
  const operand = compile(child(node, "Expression"), scope);
  const { get, constant } = operand;
  if (operator === "+") return operand;
  if (operator !== "-") return unsupported(scope, operator, node);
  const negate = (value: Value): Value => {
    if (typeof value === "number") return value === 0 && operand.type !== "real" ? 0 : -value;
    return typeof value === "bigint" ? -value : null;
  };
  return { type: typeOf(node), constant, get: (row) => negate(get(row)) };
}

/** `bag.key`; null for a value that is no bag, or a missing key. */
function compilePath(node: SyntaxView, scope: Scope): Compiled {
  const selector = child(node, "Selector");
  if (nodeName(selector) !== "NameReference") return unsupported(scope, nodeName(selector), selector);
  const key = simpleName(selector);
  const { get, constant } = compile(child(node, "Expression"), scope);
  return { type: "dynamic", constant, get: (row) => memberOf(get(row), key) };
}

/** `bag["key"]`, `list[0]`, `list[-1]`. */
function compileElement(node: SyntaxView, scope: Scope): Compiled {
  const selector = child(node, "Selector");
  const inner = nodeName(selector) === "BracketedExpression" ? child(selector, "Expression") : selector;
  const key = compile(inner, scope);
  const { get, constant } = compile(child(node, "Expression"), scope);
  return {
    type: "dynamic",
    constant: constant && key.constant,
    get: (row) => {
      const wanted = key.get(row);
      return typeof wanted === "string" ? memberOf(get(row), wanted) : elementOf(get(row), wanted);
    },
  };
}

const memberOf = (value: Value, key: string): Value => (isMap(value) ? (value.get(key) ?? null) : null);

function elementOf(value: Value, index: Value): Value {
  return isList(value) && typeof index === "number" ? (value.at(index) ?? null) : null;
}

/** As `compile`, converted to the type that the context requires. */
export function compileAs(node: SyntaxView, scope: Scope, type: string): Compiled {
  return toType(compile(node, scope), type);
}

export function toType(compiled: Compiled, type: string): Compiled {
  if (compiled.type === type || type === "unknown") return compiled;
  const { get, constant, type: from } = compiled;
  if (from === "unknown" || from === "null") return { type, constant, get: (row) => get(row) ?? missing(type) };
  return folded({ type, constant, get: (row) => convert(get(row), from, type) });
}

/** Compiled arguments of a call, without `typeof(…)`: the service has already made it the call's type. */
export const compileAll = (nodes: readonly SyntaxView[], scope: Scope): Compiled[] =>
  nodes.map((node) => (nodeName(node) === "TypeOfLiteralExpression" ? constantOf(null, "type") : compile(node, scope)));

export const expressionsOf = (node: SyntaxView): SyntaxView[] => list(node, "Expressions");

export const argumentsOf = (node: SyntaxView): SyntaxView[] => expressionsOf(child(node, "ArgumentList"));
