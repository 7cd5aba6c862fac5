import type { SyntaxView } from "../../syntax.ts";
import type { Value } from "../../value.ts";
import type { Row } from "../relation.ts";
import type { Compiled, Scope } from "../scope.ts";
import { unsupported } from "../scope.ts";

/** State of one aggregate in one group. */
export interface Accumulator {
  readonly add: (row: Row) => void;
  /** One value for each column of the aggregate. */
  readonly values: () => readonly Value[];
}

/** A call of an aggregate. `types`: the types of its columns. */
export interface AggregateCall {
  readonly name: string;
  readonly args: readonly Compiled[];
  readonly types: readonly string[];
  readonly scope: Scope;
  readonly node: SyntaxView;
}

/** Compiles a call to a function that makes an accumulator for each group. */
export type Aggregate = (call: AggregateCall) => () => Accumulator;

export type AggregateFamily = readonly (readonly [string, Aggregate])[];

export function argument(call: AggregateCall, index: number): Compiled {
  return call.args[index] ?? unsupported(call.scope, `${call.name}() with ${call.args.length} arguments`, call.node);
}

/** An accumulator that folds each row into a state. */
export function fold<State>(
  initial: () => State,
  step: (state: State, row: Row) => State,
  result: (state: State) => Value,
): () => Accumulator {
  return () => {
    let state = initial();
    return {
      add: (row) => {
        state = step(state, row);
      },
      values: () => [result(state)],
    };
  };
}
