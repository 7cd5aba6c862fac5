import { KqlRuntimeError, UnsupportedKqlError } from "../kql-error.ts";
import type { SyntaxView } from "../syntax.ts";
import type { TableData } from "../table-data.ts";
import type { Budget } from "./budget.ts";
import type { Getter, Relation, Row } from "./relation.ts";

/** A compiled expression. A constant has the same value in every row; its getter needs no row. */
export interface Compiled {
  readonly type: string;
  readonly get: Getter;
  readonly constant: boolean;
}

export type Binding =
  | { readonly kind: "value"; readonly value: Compiled }
  | { readonly kind: "table"; readonly relation: Relation }
  | { readonly kind: "function"; readonly declaration: SyntaxView; readonly scope: Scope };

/** Inputs of one execution. */
interface Execution {
  readonly text: string;
  readonly nowTicks: bigint;
  readonly tables: ReadonlyMap<string, TableData>;
  /** The remaining budget. */
  readonly budget: Budget;
  /** Event time range of every table, both ends included: the query API's timespan. */
  readonly range?: { readonly column: string; readonly from: bigint; readonly to: bigint };
}

/** Resolves names: let bindings, and columns of the operator's input. */
export interface Scope {
  readonly execution: Execution;
  readonly bindings: ReadonlyMap<string, Binding>;
  /** The operator's input; absent outside an operator. */
  readonly row?: Relation;
  /** Offset to add in a function's body, whose separate tree has its own positions. */
  readonly shift?: number;
  /** In an expression over aggregates: index of each aggregate's result in the row. */
  readonly aggregates?: ReadonlyMap<SyntaxView, number>;
}

export const withRow = (scope: Scope, row: Relation): Scope => ({ ...withoutRow(scope), row });

/** The scope of a subquery: without the columns of an operator's input. */
export const withoutRow = ({ execution, bindings, shift }: Scope): Scope => ({
  execution,
  bindings,
  ...(shift !== undefined && { shift }),
});

export const withBinding = (scope: Scope, name: string, binding: Binding): Scope => ({
  ...scope,
  bindings: new Map([...scope.bindings, [name, binding]]),
});

/** Fails for a construct that no dispatch knows. */
export function unsupported(scope: Scope, construct: string, at: SyntaxView): never {
  throw new UnsupportedKqlError(construct, scope.execution.text, at.TextStart + (scope.shift ?? 0));
}

/** Fails the execution at a position in the text. */
export function fail(scope: Scope, problem: string, at: SyntaxView, options?: ErrorOptions): never {
  throw new KqlRuntimeError(
    problem,
    { text: scope.execution.text, offset: at.TextStart + (scope.shift ?? 0) },
    options,
  );
}

/** The row with which constants are computed. */
export const NO_ROW: Row = [];
