import type { SyntaxView } from "../../syntax.ts";
import { child, list, nodeName } from "../../syntax.ts";
import { keyOf, keyOfAll } from "../../compare.ts";
import type { Value } from "../../value.ts";
import { hold } from "../budget.ts";
import { compile, expressionsOf, simpleName, toType } from "../expression.ts";
import type { BoundColumn, Relation } from "../relation.ts";
import { columnNamed, materialised, remembered } from "../relation.ts";
import type { Compiled, Scope } from "../scope.ts";
import { NO_ROW, unsupported } from "../scope.ts";
import type { Operator } from "../tabular.ts";
import { resultOf } from "../tabular.ts";
import { parametersOf } from "./parameters.ts";
import { firstRows } from "./rows.ts";

/** Operators that change the columns: they change getters and keep rows. */

/** A computed column; a mere reference to a column needs no cache. */
function bound(name: string, type: string, compiled: Compiled, node: SyntaxView): BoundColumn {
  const { get } = toType(compiled, type);
  return { name, type, get: nodeName(node) === "NameReference" || compiled.constant ? get : remembered(get) };
}

/** Compiles expressions to columns, one for each. */
function boundAll(
  nodes: readonly SyntaxView[],
  columns: readonly { readonly name: string; readonly type: string }[],
  scope: Scope,
): BoundColumn[] {
  return columns.map(({ name, type }, i) => {
    const node = nodes[i];
    if (node === undefined || nodeName(node) === "CompoundNamedExpression" || nodeName(node) === "StarExpression")
      throw new TypeError(`no expression for ${name}`);
    return bound(name, type, compile(node, scope), node);
  });
}

export const project: Operator = (node, input, scope) => {
  const nodes = expressionsOf(node);
  const result = resultOf(node);
  refuseTuples(nodes, scope);
  return { ...input, columns: boundAll(nodes, result, scope) };
};

function refuseTuples(nodes: readonly SyntaxView[], scope: Scope): void {
  for (const node of nodes) {
    if (nodeName(node) === "CompoundNamedExpression") unsupported(scope, "a list of names", node);
  }
}

/** `extend`: all expressions read the input; later ones do not see earlier ones. */
export const extend: Operator = (node, input, scope) => {
  const nodes = expressionsOf(node);
  refuseTuples(nodes, scope);
  const result = resultOf(node);
  const made = new Map<string, BoundColumn>();
  const unnamed: SyntaxView[] = [];
  for (const item of nodes) {
    const name = nameGiven(item);
    if (name === undefined) unnamed.push(item);
    else made.set(name, bound(name, "unknown", compile(item, scope), item));
  }
  const columns = result.map(({ name, type }): BoundColumn => {
    const own = made.get(name);
    if (own !== undefined) return { name, type, get: own.get };
    const given = columnNamed(input, name);
    if (given !== undefined) return given;
    const next = unnamed.shift();
    if (next === undefined) throw new TypeError(`no expression for ${name}`);
    return bound(name, type, compile(next, scope), next);
  });
  return { ...input, columns };
};

function nameGiven(node: SyntaxView): string | undefined {
  if (nodeName(node) === "SimpleNamedExpression") return simpleName(child(node, "Name"));
  return nodeName(node) === "NameReference" ? simpleName(node) : undefined;
}

/** project-away, project-keep, project-reorder: the language service has determined the remaining columns and their order. */
export const columnsToKeep: Operator = (node, input) => ({
  ...input,
  columns: resultOf(node).map(({ name }) => existing(input, name)),
});

function existing(input: Relation, name: string): BoundColumn {
  const column = columnNamed(input, name);
  if (column === undefined) throw new TypeError(`no column ${name}`);
  return column;
}

/** `project-rename`: columns keep their order. */
export const rename: Operator = (node, input) => ({
  ...input,
  columns: resultOf(node).map(({ name, type }, i) => {
    const column = input.columns[i];
    if (column === undefined) throw new TypeError(`no column for ${name}`);
    return { name, type, get: column.get };
  }),
});

export const serialize: Operator = (node, input, scope) =>
  list(node, "Expressions").length === 0 ? input : extend(node, input, scope);

/** `distinct`: the first of equal rows, in order. */
export const distinct: Operator = (node, input, scope) => {
  const nodes = expressionsOf(node);
  const result = resultOf(node);
  const columns = nodes.some((item) => nodeName(item) === "StarExpression")
    ? result.map(({ name }) => existing(input, name))
    : boundAll(nodes, result, scope);
  return distinctRows(columns, input, scope, node);
};

/** `sample-distinct`: here always the first distinct values. */
export const sampleDistinct: Operator = (node, input, scope) => {
  parametersOf(node, scope, []);
  const limit = Number(compile(child(node, "Expression"), scope).get(NO_ROW));
  return firstRows(
    distinctRows(boundAll([child(node, "OfExpression")], resultOf(node), scope), input, scope, node),
    limit,
  );
};

function distinctRows(columns: readonly BoundColumn[], input: Relation, scope: Scope, node: SyntaxView): Relation {
  return {
    ...materialised(columns, []),
    scan: (emit) => {
      const seen = new Set<unknown>();
      input.scan((row) => {
        const values = columns.map(({ get }): Value => get(row));
        const key = values.length === 1 ? keyOf(values[0] ?? null) : keyOfAll(values);
        if (seen.has(key)) return false;
        hold(scope, node);
        seen.add(key);
        return emit(values);
      });
    },
  };
}
