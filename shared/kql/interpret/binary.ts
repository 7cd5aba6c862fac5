import { order, same } from "../compare.ts";
import { toText } from "../convert.ts";
import type { SyntaxView } from "../syntax.ts";
import { child, tokenText } from "../syntax.ts";
import * as text from "../text-match.ts";
import type { TextTest } from "../text-match.ts";
import { dynamicType, untagged } from "../value.ts";
import { compileArithmetic } from "./arithmetic.ts";
import { compile, toType } from "./expression.ts";
import type { Getter } from "./relation.ts";
import type { Compiled, Scope } from "./scope.ts";
import { NO_ROW, unsupported } from "./scope.ts";
import { located } from "./pattern.ts";
import { textGetter } from "./text-getter.ts";

/** String operators by their text; each has a negation with a leading `!`. */
export const TEXT_OPERATORS: ReadonlyMap<string, (needle: string) => TextTest> = new Map([
  ["=~", text.equalsFolded],
  ["has", text.has],
  ["has_cs", text.hasCs],
  ["hasprefix", text.hasPrefix],
  ["hasprefix_cs", text.hasPrefixCs],
  ["hassuffix", text.hasSuffix],
  ["hassuffix_cs", text.hasSuffixCs],
  ["contains", text.contains],
  ["contains_cs", text.containsCs],
  ["startswith", text.startsWith],
  ["startswith_cs", text.startsWithCs],
  ["endswith", text.endsWith],
  ["endswith_cs", text.endsWithCs],
  ["matches regex", text.matchesRegex],
]);

const ORDERINGS: ReadonlyMap<string, (order: number) => boolean> = new Map([
  ["<", (found: number) => found < 0],
  ["<=", (found: number) => found <= 0],
  [">", (found: number) => found > 0],
  [">=", (found: number) => found >= 0],
]);

const ARITHMETIC: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%"]);

/** Dispatches on the operator's text: the service's node kinds do not distinguish all operators. */
export function compileBinary(node: SyntaxView, scope: Scope): Compiled {
  const operator = tokenText(child(node, "Operator")).toLowerCase().replaceAll(/\s+/g, " ");
  const left = compile(child(node, "Left"), scope);
  const right = compile(child(node, "Right"), scope);
  const constant = left.constant && right.constant;
  if (ARITHMETIC.has(operator)) return compileArithmetic(operator, left, right, node, scope);
  const get = test(operator, left, right, (prepare) => located(prepare, scope, node));
  return get === undefined ? unsupported(scope, operator, node) : { type: "bool", constant, get };
}

/** Prepares a needle; the error for an invalid one has its position. */
type Prepare = (prepare: () => TextTest) => TextTest;

function test(operator: string, left: Compiled, right: Compiled, guarded: Prepare): Getter | undefined {
  if (operator === "and") return and(left.get, right.get);
  if (operator === "or") return or(left.get, right.get);
  if (operator === "==") return equality(left, right, false);
  if (operator === "!=" || operator === "<>") return equality(left, right, true);
  const ordering = ORDERINGS.get(operator);
  if (ordering !== undefined) return ordered(left, right, ordering);
  const negated = operator.startsWith("!");
  const name = operator === "!~" ? "=~" : negated ? operator.slice(1) : operator;
  const prepare = TEXT_OPERATORS.get(name);
  return prepare === undefined ? undefined : textTest(left, right, (needle) => guarded(() => prepare(needle)), negated);
}

/** Three-valued logic: false wins over null. */
function and(left: Getter, right: Getter): Getter {
  return (row) => {
    const first = left(row);
    if (first === false) return false;
    const second = right(row);
    return second === false ? false : first === null || second === null ? null : true;
  };
}

/** Three-valued logic: true wins over null. */
function or(left: Getter, right: Getter): Getter {
  return (row) => {
    const first = left(row);
    if (first === true) return true;
    const second = right(row);
    return second === true ? true : first === null || second === null ? null : false;
  };
}

/**
 * Equality with Kusto's nulls: two nulls give null; a null and a value give false for `==` and true for `!=`.
 * Source: "Null values" of the Kusto documentation.
 */
function equality(left: Compiled, right: Compiled, negated: boolean): Getter {
  const [first, second] = commonTypes(left, right);
  return (row) => {
    const a = first(row);
    const b = second(row);
    if (a === null || b === null) return a === b ? null : negated;
    return same(a, b) !== negated;
  };
}

/** Ordering operators; null where either side is null. */
function ordered(left: Compiled, right: Compiled, accept: (order: number) => boolean): Getter {
  const [first, second] = commonTypes(left, right);
  return (row) => {
    const a = first(row);
    const b = second(row);
    return a === null || b === null ? null : accept(order(a, b));
  };
}

/** Brings two operands to one type: a dynamic is read as the other side's type, where it holds such a value. */
export function commonTypes(left: Compiled, right: Compiled): readonly [Getter, Getter] {
  if (left.type === right.type) return [left.get, right.get];
  if (left.type === "dynamic") return [valueAs(left.get, right.type), right.get];
  if (right.type === "dynamic") return [left.get, valueAs(right.get, left.type)];
  if (left.type === "string" || right.type === "string") {
    const other = left.type === "string" ? right.type : left.type;
    return [toType(left, other).get, toType(right, other).get];
  }
  return [left.get, right.get];
}

const NUMBERS: ReadonlySet<string> = new Set(["long", "int", "real", "decimal"]);

/** A dynamic's value if it has that type, else null: a comparison never turns text into a number. */
function valueAs(get: Getter, type: string): Getter {
  return (row) => {
    const value = get(row);
    const actual = dynamicType(value);
    if (actual === type || (NUMBERS.has(actual) && NUMBERS.has(type))) return untagged(value);
    if (type === "string") return toText(value, actual);
    return type === "guid" && actual === "string" ? value : null;
  };
}

/** A constant needle is prepared once, others are cached. */
function textTest(left: Compiled, right: Compiled, prepare: (needle: string) => TextTest, negated: boolean): Getter {
  const haystack = textGetter(left);
  const needle = textGetter(right);
  if (right.constant) {
    const holds = prepare(needle(NO_ROW));
    return (row) => holds(haystack(row)) !== negated;
  }
  const prepared = new Map<string, TextTest>();
  return (row) => {
    const sought = needle(row);
    let holds = prepared.get(sought);
    if (holds === undefined) {
      holds = prepare(sought);
      if (prepared.size < MAX_PREPARED) prepared.set(sought, holds);
    }
    return holds(haystack(row)) !== negated;
  };
}

/** Most prepared needles in the cache, where needles come from rows. */
const MAX_PREPARED = 10_000;
