import { KqlRuntimeError, UnsupportedKqlError } from "../kql-error.ts";
import type { SyntaxView } from "../syntax.ts";
import type { TableData } from "../table-data.ts";
import type { Budget } from "./budget.ts";
import type { Getter, Relation, Row } from "./relation.ts";

/** A compiled expression. A constant's value is the same in every row; its getter may be called without a real one. */
export interface Compiled {
  readonly type: string;
  readonly get: Getter;
  readonly constant: boolean;
}

export type Binding =
  | { readonly kind: "value"; readonly value: Compiled }
  | { readonly kind: "table"; readonly relation: Relation }
  | { readonly kind: "function"; readonly declaration: SyntaxView; readonly scope: Scope };

/** What one execution is given. */
interface Execution {
  readonly text: string;
  readonly nowTicks: bigint;
  readonly tables: ReadonlyMap<string, TableData>;
  /** What is left of the bounds. */
  readonly budget: Budget;
  /** Event time range of every table, both ends included, as the query API's timespan cuts it. */
  readonly range?: { readonly column: string; readonly from: bigint; readonly to: bigint };
}

/** Where names are looked up: let bindings around, columns of the row at hand. */
export interface Scope {
  readonly execution: Execution;
  readonly bindings: ReadonlyMap<string, Binding>;
  /** The operator's input; absent outside an operator. */
  readonly row?: Relation;
  /** In a function's body, which has a tree of its own: what its places are short of those in the text. */
  readonly shift?: number;
  /** Within an expression over aggregates: place of each aggregate's result in the row at hand. */
  readonly aggregates?: ReadonlyMap<SyntaxView, number>;
}

export const withRow = (scope: Scope, row: Relation): Scope => ({ ...withoutRow(scope), row });

/** The names around, without the columns of an operator's input: what a subquery sees. */
export const withoutRow = ({ execution, bindings, shift }: Scope): Scope => ({
  execution,
  bindings,
  ...(shift !== undefined && { shift }),
});

export const withBinding = (scope: Scope, name: string, binding: Binding): Scope => ({
  ...scope,
  bindings: new Map([...scope.bindings, [name, binding]]),
});

/** The default of every dispatch. */
export function unsupported(scope: Scope, construct: string, at: SyntaxView): never {
  throw new UnsupportedKqlError(construct, scope.execution.text, at.TextStart + (scope.shift ?? 0));
}

/** Ends the execution with a place in the text. */
export function fail(scope: Scope, problem: string, at: SyntaxView, options?: ErrorOptions): never {
  throw new KqlRuntimeError(
    problem,
    { text: scope.execution.text, offset: at.TextStart + (scope.shift ?? 0) },
    options,
  );
}

/** The row that constants are computed with. */
export const NO_ROW: Row = [];
