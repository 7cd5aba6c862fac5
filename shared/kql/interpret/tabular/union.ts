import type { SyntaxView } from "../../syntax.ts";
import { child, nodeName } from "../../syntax.ts";
import { isList, missing } from "../../value.ts";
import { expressionsOf, simpleName } from "../expression.ts";
import type { Getter, Relation, Row } from "../relation.ts";
import { columnNamed } from "../relation.ts";
import type { Scope } from "../scope.ts";
import { NO_ROW, fail, unsupported, withoutRow } from "../scope.ts";
import { compileTabular, resultOf } from "../tabular.ts";
import { parametersOf } from "./parameters.ts";

interface Branch {
  readonly name: string;
  readonly relation: Relation;
}

/**
 * Rows of all branches, one branch after the other. A row is the pair (branch, its own row): nothing is copied. Columns of one
 * name and several types are kept apart as `name_type`.
 */
export function union(node: SyntaxView, input: Relation | undefined, scope: Scope): Relation {
  const parameters = parametersOf(node, scope, ["kind", "withsource", "isfuzzy"]);
  const outer = withoutRow(scope);
  const branches: Branch[] =
    input === undefined ? [] : [{ name: aliasOf(inputOf(node)) ?? "union_arg0", relation: input }];
  for (const item of expressionsOf(node)) {
    if (nodeName(item) === "NameReference" && simpleName(item).includes("*"))
      return unsupported(scope, `union ${simpleName(item)}`, item);
    // Under isfuzzy a table that is not there is passed over.
    if (parameters.get("isfuzzy") === "true" && isMissing(item)) continue;
    const name = aliasOf(item) ?? `union_arg${branches.length}`;
    branches.push({ name, relation: compileTabular(item, outer) });
  }
  if (branches.length === 0) return fail(scope, "none of the tables of this union is there", node);
  const source = parameters.get("withsource");
  const kind = parameters.get("kind") ?? "outer";
  // The service does not work out what the branches have in common.
  if (kind !== "outer" && (kind !== "inner" || !alike(branches)))
    return unsupported(scope, `union kind=${kind} of branches that differ in their columns`, node);
  const result = resultOf(node);
  refuseLoss(branches, result, node, scope);
  return {
    columns: result.map(({ name, type }) => ({
      name,
      type,
      get: name === source ? sourceName(branches) : dispatched(branches, result, name, type),
    })),
    scan: (emit) => {
      let enough = false;
      for (const [index, { relation }] of branches.entries()) {
        relation.scan((row) => {
          enough = emit([index, row]);
          return enough;
        });
        if (enough) return;
      }
    },
  };
}

/** What the branch reads first is not there. */
function isMissing(node: SyntaxView): boolean {
  const name = nodeName(node);
  if (name === "ParenthesizedExpression" || name === "PipeExpression") return isMissing(child(node, "Expression"));
  return name === "NameReference" && node.ReferencedSymbol === null;
}

const alike = ([first, ...others]: readonly Branch[]): boolean =>
  others.every(
    ({ relation }) =>
      relation.columns.length === first?.relation.columns.length &&
      relation.columns.every(({ name, type }) => columnNamed(first.relation, name)?.type === type),
  );

/** What stands before the pipe. */
function inputOf(node: SyntaxView): SyntaxView | undefined {
  const pipe = node.Parent;
  return pipe !== null && nodeName(pipe) === "PipeExpression" ? child(pipe, "Expression") : undefined;
}

/** A table's name, or what `as` has called an expression. */
function aliasOf(node: SyntaxView | undefined): string | undefined {
  if (node === undefined) return undefined;
  switch (nodeName(node)) {
    case "NameReference":
      return simpleName(node);
    case "ParenthesizedExpression":
      return aliasOf(child(node, "Expression"));
    case "PipeExpression": {
      const operator = child(node, "Operator");
      return nodeName(operator) === "AsOperator" ? simpleName(child(operator, "Name")) : undefined;
    }
    default:
      return undefined;
  }
}

function sourceName(branches: readonly Branch[]): Getter {
  return (row) => branches[branchOf(row)]?.name ?? "";
}

const branchOf = (row: Row): number => Number(row[0]);

interface ResultColumn {
  readonly name: string;
  readonly type: string;
}

/**
 * The language service drops a column of three branches or more whose name has another type in the first two, and names a column that
 * it renames like another one's own: neither in silence here.
 */
function refuseLoss(
  branches: readonly Branch[],
  result: readonly ResultColumn[],
  node: SyntaxView,
  scope: Scope,
): void {
  const all = branches.flatMap(({ relation }) => relation.columns);
  for (const { name, type } of all) {
    const place = placeOf(result, name, type);
    if (place === undefined) unsupported(scope, `union that has no place for ${name}: ${type}`, node);
    else if (place.name !== name && all.some((other) => other.name === place.name))
      unsupported(scope, `union of ${place.name} and a ${name} of several types`, node);
  }
}

/** Where a branch's column goes: under its own name, or `name_type` where that is of another type. */
const placeOf = (result: readonly ResultColumn[], name: string, type: string): ResultColumn | undefined =>
  result.find((column) => column.name === name && column.type === type) ??
  result.find((column) => column.name === `${name}_${type}` && column.type === type);

function dispatched(branches: readonly Branch[], result: readonly ResultColumn[], name: string, type: string): Getter {
  const getters = branches.map(({ relation }) => getterFor(relation, result, name, type));
  return (row) => {
    const inner = row[1];
    const get = getters[branchOf(row)];
    return get === undefined ? missing(type) : get(inner !== undefined && isList(inner) ? inner : NO_ROW);
  };
}

/** The branch's column whose place that is. */
function getterFor(
  relation: Relation,
  result: readonly ResultColumn[],
  name: string,
  type: string,
): Getter | undefined {
  const own = columnNamed(relation, name);
  if (own?.type === type) return own.get;
  return relation.columns.find((column) => placeOf(result, column.name, column.type)?.name === name)?.get;
}
