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
 * Rows of all branches, one branch after the other. A row is the pair (branch, its row): nothing is copied. Columns with one name
 * and several types become separate columns `name_type`.
 */
export function union(node: SyntaxView, input: Relation | undefined, scope: Scope): Relation {
  const parameters = parametersOf(node, scope, ["kind", "withsource", "isfuzzy"]);
  const outer = withoutRow(scope);
  const branches: Branch[] =
    input === undefined ? [] : [{ name: aliasOf(inputOf(node)) ?? "union_arg0", relation: input }];
  for (const item of expressionsOf(node)) {
    if (nodeName(item) === "NameReference" && simpleName(item).includes("*"))
      return unsupported(scope, `union ${simpleName(item)}`, item);
    // With isfuzzy a missing table is skipped.
    if (parameters.get("isfuzzy") === "true" && isMissing(item)) continue;
    const name = aliasOf(item) ?? `union_arg${branches.length}`;
    branches.push({ name, relation: compileTabular(item, outer) });
  }
  if (branches.length === 0) return fail(scope, "none of the tables of this union is there", node);
  const source = parameters.get("withsource");
  const kind = parameters.get("kind") ?? "outer";
  // The service does not compute the common columns of kind=inner.
  if (kind !== "outer" && (kind !== "inner" || !haveSameColumns(branches)))
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

/** Whether the table that begins the branch does not exist. */
function isMissing(node: SyntaxView): boolean {
  const name = nodeName(node);
  if (name === "ParenthesizedExpression" || name === "PipeExpression") return isMissing(child(node, "Expression"));
  return name === "NameReference" && node.ReferencedSymbol === null;
}

const haveSameColumns = ([first, ...others]: readonly Branch[]): boolean =>
  others.every(
    ({ relation }) =>
      relation.columns.length === first?.relation.columns.length &&
      relation.columns.every(({ name, type }) => columnNamed(first.relation, name)?.type === type),
  );

/** The source before a pipe. */
function inputOf(node: SyntaxView): SyntaxView | undefined {
  const pipe = node.Parent;
  return pipe !== null && nodeName(pipe) === "PipeExpression" ? child(pipe, "Expression") : undefined;
}

/** The source's name: of a table, or bound by `as`. */
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
 * Fails where the language service would lose data silently: with three or more branches it can drop a column whose type differs in
 * the first two, and it can rename a column to a name that another one has.
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

/** The result column for a branch's column: its name, or `name_type` where that name has another type. */
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

/** The branch's column for a result column. */
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
