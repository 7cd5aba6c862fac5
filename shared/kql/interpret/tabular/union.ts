import type { SyntaxView } from "../../syntax.ts";
import { nodeName } from "../../syntax.ts";
import { isList, missing } from "../../value.ts";
import { expressionsOf, simpleName } from "../expression.ts";
import type { Getter, Relation, Row } from "../relation.ts";
import { columnNamed } from "../relation.ts";
import type { Scope } from "../scope.ts";
import { NO_ROW, unsupported } from "../scope.ts";
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
  const outer: Scope = { execution: scope.execution, bindings: scope.bindings };
  const branches: Branch[] = input === undefined ? [] : [{ name: "union_arg0", relation: input }];
  for (const item of expressionsOf(node)) {
    if (nodeName(item) === "NameReference" && simpleName(item).includes("*"))
      return unsupported(scope, `union ${simpleName(item)}`, item);
    // Under isfuzzy a table that is not there is passed over.
    if (parameters.get("isfuzzy") === "true" && isMissing(item)) continue;
    const name = nodeName(item) === "NameReference" ? simpleName(item) : `union_arg${branches.length}`;
    branches.push({ name, relation: compileTabular(item, outer) });
  }
  const source = parameters.get("withsource");
  return {
    columns: resultOf(node).map(({ name, type }) => ({
      name,
      type,
      get: name === source ? sourceName(branches) : dispatched(branches, name, type),
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

const isMissing = (node: SyntaxView): boolean => node.ReferencedSymbol === null && nodeName(node) === "NameReference";

function sourceName(branches: readonly Branch[]): Getter {
  return (row) => branches[branchOf(row)]?.name ?? "";
}

const branchOf = (row: Row): number => Number(row[0]);

function dispatched(branches: readonly Branch[], name: string, type: string): Getter {
  const getters = branches.map(({ relation }) => getterFor(relation, name, type));
  return (row) => {
    const inner = row[1];
    const get = getters[branchOf(row)];
    return get === undefined ? missing(type) : get(inner !== undefined && isList(inner) ? inner : NO_ROW);
  };
}

function getterFor(relation: Relation, name: string, type: string): Getter | undefined {
  const own = columnNamed(relation, name);
  if (own?.type === type) return own.get;
  return relation.columns.find((column) => `${column.name}_${column.type}` === name && column.type === type)?.get;
}
