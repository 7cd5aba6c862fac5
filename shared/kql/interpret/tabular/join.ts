import { keyOf, keyOfAll } from "../../compare.ts";
import type { SyntaxView } from "../../syntax.ts";
import { child, list, nodeName, tokenText } from "../../syntax.ts";
import type { Value } from "../../value.ts";
import { isList, missing } from "../../value.ts";
import { hold } from "../budget.ts";
import { simpleName } from "../expression.ts";
import type { BoundColumn, Getter, Relation, Row } from "../relation.ts";
import { columnNamed } from "../relation.ts";
import type { Scope } from "../scope.ts";
import { unsupported, withoutRow } from "../scope.ts";
import type { Operator } from "../tabular.ts";
import { compileTabular, resultOf } from "../tabular.ts";
import { parametersOf } from "./parameters.ts";

/** The rows that a kind of join returns. Source: "join operator" of the Kusto documentation. */
interface Kind {
  /** `both`: pairs of rows; `left`, `right`: rows of that side only. */
  readonly columns: "both" | "left" | "right";
  /** For `left` and `right`: return the rows with a partner (true), or those without one (false). */
  readonly matched?: boolean;
  /** Rows of that side without a partner are returned too. */
  readonly keepLeft?: boolean;
  readonly keepRight?: boolean;
  /** Whether only the first left row of each key takes part. */
  readonly uniqueLeft?: boolean;
}

export const JOIN_KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["innerunique", { columns: "both", uniqueLeft: true }],
  ["inner", { columns: "both" }],
  ["leftouter", { columns: "both", keepLeft: true }],
  ["rightouter", { columns: "both", keepRight: true }],
  ["fullouter", { columns: "both", keepLeft: true, keepRight: true }],
  ["leftsemi", { columns: "left", matched: true }],
  ["leftanti", { columns: "left", matched: false }],
  ["anti", { columns: "left", matched: false }],
  ["leftantisemi", { columns: "left", matched: false }],
  ["rightsemi", { columns: "right", matched: true }],
  ["rightanti", { columns: "right", matched: false }],
  ["rightantisemi", { columns: "right", matched: false }],
]);

/** The join key of a row; `undefined` where a part is null, since null equals nothing. */
type Key = (row: Row) => unknown;

interface Sides {
  /** Charges a row that is kept in memory. */
  readonly keep: () => void;
  readonly left: Relation;
  readonly right: Relation;
  readonly leftKey: Key;
  readonly rightKey: Key;
  /** Names of the right side's key columns. */
  readonly rightKeys: readonly string[];
}

export const join: Operator = (node, input, scope) => {
  const name = parametersOf(node, scope, ["kind"]).get("kind") ?? "innerunique";
  const kind = JOIN_KINDS.get(name);
  if (kind === undefined) return unsupported(scope, `join kind=${name}`, node);
  const sides = sidesOf(node, child(node, "ConditionClause"), input, scope);
  const result = resultOf(node);
  if (kind.columns !== "both") return oneSided(sides, kind.columns, kind.matched === true);
  const bound = [
    ...sides.left.columns.map((column) => sideColumn(column, 0)),
    ...sides.right.columns.map((column) => sideColumn(column, 1)),
  ];
  return {
    columns: result.map(({ name: column, type }, i) => ({ name: column, type, get: bound[i]?.get ?? (() => null) })),
    scan: (emit) => pairs(sides, kind, emit),
  };
};

/** Compiles both inputs and their keys. The right side does not see the left side's columns. */
export function sidesOf(node: SyntaxView, condition: SyntaxView, left: Relation, scope: Scope): Sides {
  const right = compileTabular(child(node, "Expression"), withoutRow(scope));
  if (nodeName(condition) !== "JoinOnClause") return unsupported(scope, nodeName(condition), condition);
  const nodes = list(condition, "Expressions");
  const names = nodes.map((item) => namesOf(item, scope));
  const keys = names.map(([own, other]) => ({
    left: getterOf(left, own, condition, scope),
    right: getterOf(right, other, condition, scope),
  }));
  return {
    keep: () => hold(scope, node),
    left,
    right,
    leftKey: keyIn(keys.map((pair) => pair.left)),
    rightKey: keyIn(keys.map((pair) => pair.right)),
    rightKeys: names.map(([, name]) => name),
  };
}

/** Column names of a condition: `on Name`, or `on $left.a == $right.b`; the language service allows no other form. */
function namesOf(node: SyntaxView, scope: Scope): readonly [string, string] {
  if (nodeName(node) === "NameReference") return [simpleName(node), simpleName(node)];
  if (nodeName(node) !== "BinaryExpression" || tokenText(child(node, "Operator")) !== "==")
    return unsupported(scope, "join on an expression", node);
  const [left, right] = [child(node, "Left"), child(node, "Right")];
  if (sideName(left) !== "$left" || sideName(right) !== "$right")
    return unsupported(scope, "join on an expression", node);
  return [simpleName(child(left, "Selector")), simpleName(child(right, "Selector"))];
}

const sideName = (node: SyntaxView): string | undefined =>
  nodeName(node) === "PathExpression" ? simpleName(child(node, "Expression")) : undefined;

function getterOf(relation: Relation, name: string, node: SyntaxView, scope: Scope): Getter {
  return columnNamed(relation, name)?.get ?? unsupported(scope, `join on ${name}`, node);
}

function keyIn(getters: readonly Getter[]): Key {
  const [only] = getters;
  if (only !== undefined && getters.length === 1)
    return (row) => {
      const value = only(row);
      return value === null ? undefined : keyOf(value);
    };
  return (row) => {
    const values: Value[] = [];
    for (const get of getters) {
      const value = get(row);
      if (value === null) return undefined;
      values.push(value);
    }
    return keyOfAll(values);
  };
}

/** Getter of a column of one side of a pair; a missing value where that side is missing. */
export function sideColumn({ name, type, get }: BoundColumn, side: 0 | 1): BoundColumn {
  return {
    name,
    type,
    get: (pair) => {
      const row = pair[side];
      return row !== undefined && isList(row) ? get(row) : missing(type);
    },
  };
}

export function indexed(relation: Relation, key: Key, keep: () => void): Map<unknown, Row[]> {
  const index = new Map<unknown, Row[]>();
  relation.scan((row) => {
    const found = key(row);
    if (found === undefined) return false;
    keep();
    const rows = index.get(found);
    if (rows === undefined) index.set(found, [row]);
    else rows.push(row);
    return false;
  });
  return index;
}

function oneSided({ left, right, leftKey, rightKey, keep }: Sides, side: "left" | "right", matched: boolean): Relation {
  const [own, ownKey, other, otherKey] =
    side === "left" ? [left, leftKey, right, rightKey] : [right, rightKey, left, leftKey];
  return {
    columns: own.columns,
    scan: (emit) => {
      const keys = new Set<unknown>();
      other.scan((row) => {
        keep();
        keys.add(otherKey(row));
        return false;
      });
      keys.delete(undefined);
      own.scan((row) => keys.has(ownKey(row)) === matched && emit(row));
    },
  };
}

function pairs({ left, right, leftKey, rightKey, keep }: Sides, kind: Kind, emit: (row: Row) => boolean): void {
  const index = indexed(right, rightKey, keep);
  const seen = new Set<unknown>();
  let enough = false;
  left.scan((row) => {
    const key = leftKey(row);
    const partners = key === undefined ? undefined : index.get(key);
    if (kind.uniqueLeft === true && seen.has(key)) return false;
    seen.add(key);
    if (partners === undefined) enough = kind.keepLeft === true && emit([row, null]);
    else for (const partner of partners) if (!enough) enough = emit([row, partner]);
    return enough;
  });
  if (enough || kind.keepRight !== true) return;
  right.scan((row) => {
    const key = rightKey(row);
    return (key === undefined || !seen.has(key)) && emit([null, row]);
  });
}
