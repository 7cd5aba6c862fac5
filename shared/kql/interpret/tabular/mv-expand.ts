import { convert } from "../../convert.ts";
import type { SyntaxView } from "../../syntax.ts";
import { child, nodeName, optionalChild } from "../../syntax.ts";
import type { Value } from "../../value.ts";
import { dynamicType, isList, isMap, missing } from "../../value.ts";
import { compile, expressionsOf, simpleName } from "../expression.ts";
import type { BoundColumn, Getter, Relation, Row } from "../relation.ts";
import { at, columnNamed } from "../relation.ts";
import type { Scope } from "../scope.ts";
import { NO_ROW, unsupported } from "../scope.ts";
import type { Operator } from "../tabular.ts";
import { resultOf } from "../tabular.ts";
import { parametersOf } from "./parameters.ts";

/** Elements that the service expands from one value without an explicit limit; fewer under the operator's former name. */
const DEFAULT_LIMIT = 2_147_483_647;
const FORMER_LIMIT = 128;

/**
 * One row for each element. Several lists expand in parallel; shorter ones are filled with nulls. A null gives one row with null; an
 * empty list or bag gives no row, unless a parallel list is longer. Source: "mv-expand operator" of the Kusto documentation.
 */
export const mvExpand: Operator = (node, input, scope) => {
  const parameters = parametersOf(node, scope, ["with_itemindex", "kind", "bagexpansion"]);
  const kind = parameters.get("kind") ?? parameters.get("bagexpansion") ?? "bag";
  if (kind !== "bag" && kind !== "array") return unsupported(scope, `mv-expand kind=${kind}`, node);
  const limit = limitOf(node, scope);
  const index = parameters.get("with_itemindex");
  const lists = expressionsOf(node).map((item) => compile(expressionOf(item), scope).get);
  const places = placesOf(node, input, index);
  const columns = resultOf(node).map(({ name, type }): BoundColumn => {
    if (name === index) return { name, type, get: at(lists.length + 1) };
    const place = places.get(name);
    if (place !== undefined) return { name, type, get: elementAs(at(place + 1), type) };
    const column = columnNamed(input, name);
    if (column === undefined) throw new TypeError(`no column ${name}`);
    return { name, type, get: (row) => column.get(baseOf(row)) };
  });
  return {
    columns,
    scan: (emit) =>
      input.scan((row) => {
        const expanded = lists.map((get) => elementsOf(get(row), kind));
        const length = Math.min(limit, Math.max(...expanded.map((found) => found.length)));
        for (let i = 0; i < length; i++) if (emit([row, ...expanded.map((found) => found[i] ?? null), i])) return true;
        return false;
      }),
  };
};

const expressionOf = (node: SyntaxView): SyntaxView =>
  nodeName(node) === "MvExpandExpression" ? child(node, "Expression") : node;

/** Index of each expansion by the column that it makes. Unnamed expansions take the columns with generated names, in order. */
function placesOf(node: SyntaxView, input: Relation, index: string | undefined): ReadonlyMap<string, number> {
  const given = expressionsOf(node).map((item) => nameOf(expressionOf(item)));
  const unnamed = resultOf(node)
    .map(({ name }) => name)
    .filter((name) => name !== index && columnNamed(input, name) === undefined && !given.includes(name));
  return new Map(given.map((name, place) => [name ?? unnamed.shift() ?? "", place]));
}

function nameOf(node: SyntaxView): string | undefined {
  if (nodeName(node) === "SimpleNamedExpression") return simpleName(child(node, "Name"));
  return nodeName(node) === "NameReference" ? simpleName(node) : undefined;
}

function baseOf(row: Row): Row {
  const base = row[0];
  return base !== undefined && isList(base) ? base : NO_ROW;
}

const NUMBERS: ReadonlySet<string> = new Set(["long", "int", "real", "decimal", "bool"]);

/** A cast, not a conversion: a text among numbers is null. Times and guids, which are texts in JSON, are parsed. */
function elementAs(get: Getter, type: string): Getter {
  if (type === "dynamic") return get;
  return (row) => {
    const value = get(row);
    if (NUMBERS.has(type) && dynamicType(value) === "string") return missing(type);
    return convert(value, "dynamic", type);
  };
}

/** The elements of a bag are bags of one pair, or pairs; a scalar is its own only element. */
function elementsOf(value: Value, kind: "bag" | "array"): readonly Value[] {
  if (isList(value)) return value;
  if (isMap(value)) return [...value].map((pair) => (kind === "bag" ? new Map([pair]) : pair));
  return [value];
}

function limitOf(node: SyntaxView, scope: Scope): number {
  const clause = optionalChild(node, "RowLimitClause");
  if (clause !== undefined) return Number(compile(child(clause, "RowLimit"), scope).get(NO_ROW));
  return /^\s*mvexpand\b/.test(node.toString()) ? FORMER_LIMIT : DEFAULT_LIMIT;
}
