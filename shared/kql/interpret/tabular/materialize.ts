import type { SyntaxView } from "../../syntax.ts";
import { child } from "../../syntax.ts";
import type { Value } from "../../value.ts";
import { hold } from "../budget.ts";
import type { Relation } from "../relation.ts";
import { at } from "../relation.ts";
import type { Scope } from "../scope.ts";
import { compileTabular } from "../tabular.ts";

/** Evaluated completely at the first scan, and read from memory afterwards. */
export function materialize(node: SyntaxView, scope: Scope): Relation {
  const relation = compileTabular(child(node, "Expression"), scope);
  let cached: Value[][] | undefined;
  return {
    columns: relation.columns.map(({ name, type }, i) => ({ name, type, get: at(i) })),
    scan: (emit) => {
      cached ??= rowsOf(relation, () => hold(scope, node));
      for (const row of cached) if (emit(row)) return;
    },
  };
}

function rowsOf(relation: Relation, keep: () => void): Value[][] {
  const rows: Value[][] = [];
  relation.scan((row) => {
    keep();
    rows.push(relation.columns.map(({ get }) => get(row)));
    return false;
  });
  return rows;
}
