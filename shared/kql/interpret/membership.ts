import { keyOf, order } from "../compare.ts";
import { toText } from "../convert.ts";
import type { SyntaxView } from "../syntax.ts";
import { child, nodeName, tokenText } from "../syntax.ts";
import { hasAll, hasAny } from "../text-match.ts";
import type { TextTest } from "../text-match.ts";
import type { Value } from "../value.ts";
import { dynamicType, isList, untagged } from "../value.ts";
import { commonTypes } from "./binary.ts";
import { hold } from "./budget.ts";
import { compile, expressionsOf, toType } from "./expression.ts";
import type { Row } from "./relation.ts";
import type { Compiled, Scope } from "./scope.ts";
import { NO_ROW, unsupported } from "./scope.ts";
import { compileTabular } from "./tabular.ts";
import { textGetter } from "./text-getter.ts";

/** `in`, `!in`, `in~`, `!in~` over a list of scalars, dynamic lists, or the first column of a table. */
export function compileIn(node: SyntaxView, scope: Scope): Compiled {
  const operator = tokenText(child(node, "Operator"));
  const negated = operator.startsWith("!");
  const foldCase = operator.endsWith("~");
  if (!/^!?in~?$/.test(operator)) return unsupported(scope, operator, node);
  const left = compile(child(node, "Left"), scope);
  const fold = (value: Value): ReturnType<typeof keyOf> => {
    const key = keyOf(untagged(value));
    return foldCase && typeof key === "string" ? key.toLowerCase() : key;
  };
  const members = expressionsOf(child(node, "Right")).map((item) => membersOf(item, left, scope));
  const constant = members.every((member) => member.constant);
  const collect = (row: Row): Set<unknown> => new Set(members.flatMap((member) => member.get(row).map(fold)));
  let fixed: Set<unknown> | undefined;
  return {
    type: "bool",
    constant: constant && left.constant,
    get: (row) => {
      const value = left.get(row);
      if (constant) fixed ??= collect(NO_ROW);
      const set = fixed ?? collect(row);
      return value === null ? negated : set.has(fold(value)) !== negated;
    },
  };
}

interface Members {
  readonly constant: boolean;
  readonly get: (row: Row) => readonly Value[];
}

function membersOf(node: SyntaxView, left: Compiled, scope: Scope): Members {
  if (isTabular(node)) {
    const relation = compileTabular(node, scope);
    const column = relation.columns[0];
    if (column === undefined) return unsupported(scope, "in with a table of no column", node);
    return {
      constant: true,
      get: () => {
        const values: Value[] = [];
        relation.scan((row) => {
          hold(scope, node);
          values.push(column.get(row));
          return false;
        });
        return values;
      },
    };
  }
  const item = compile(node, scope);
  const { get, constant } =
    item.type === "dynamic" ? item : toType(item, left.type === "dynamic" ? item.type : left.type);
  return {
    constant,
    get: (row) => {
      const value = get(row);
      if (isList(value)) return value;
      return value === null ? [] : [value];
    },
  };
}

const isTabular = (node: SyntaxView): boolean =>
  node.ResultType !== null && node.ResultType !== undefined && nodeName(node.ResultType) === "TableSymbol";

/** `between (a .. b)`, both ends included; for datetimes the second may be a timespan, the length of the range. */
export function compileBetween(node: SyntaxView, scope: Scope): Compiled {
  const operator = tokenText(child(node, "Operator"));
  const negated = operator === "!between";
  if (!negated && operator !== "between") return unsupported(scope, operator, node);
  const couple = child(node, "Right");
  const left = compile(child(node, "Left"), scope);
  const from = compile(child(couple, "First"), scope);
  const to = upperEnd(from, compile(child(couple, "Second"), scope), left);
  const [value, low] = commonTypes(left, from);
  const [, high] = commonTypes(left, to);
  return {
    type: "bool",
    constant: left.constant && from.constant && to.constant,
    get: (row) => {
      const found = value(row);
      const least = low(row);
      const most = high(row);
      if (found === null || least === null || most === null) return null;
      return (order(found, least) >= 0 && order(found, most) <= 0) !== negated;
    },
  };
}

function upperEnd(from: Compiled, to: Compiled, left: Compiled): Compiled {
  if (left.type !== "datetime" || to.type !== "timespan") return to;
  return {
    type: "datetime",
    constant: from.constant && to.constant,
    get: (row) => {
      const start = from.get(row);
      const length = to.get(row);
      return typeof start === "bigint" && typeof length === "bigint" ? start + length : null;
    },
  };
}

export const compileHasAny = (node: SyntaxView, scope: Scope): Compiled => compileHasList(node, scope, hasAny);

export const compileHasAll = (node: SyntaxView, scope: Scope): Compiled => compileHasList(node, scope, hasAll);

function compileHasList(node: SyntaxView, scope: Scope, prepare: (needles: readonly string[]) => TextTest): Compiled {
  const left = compile(child(node, "Left"), scope);
  const haystack = textGetter(left);
  const asText: Compiled = { type: "string", constant: true, get: () => "" };
  const members = expressionsOf(child(node, "Right")).map((item) => membersOf(item, asText, scope));
  const constant = members.every((member) => member.constant);
  const prepared = (row: Row): TextTest =>
    prepare(members.flatMap((member) => member.get(row)).map((needle) => toText(needle, dynamicType(needle))));
  let fixed: TextTest | undefined;
  return {
    type: "bool",
    constant: constant && left.constant,
    get: (row) => {
      if (constant) fixed ??= prepared(NO_ROW);
      return (fixed ?? prepared(row))(haystack(row));
    },
  };
}
