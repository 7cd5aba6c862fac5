import type { Position } from "./position.ts";

/** A problem with its position in the query's own text; the message says what is wrong and how to fix it. */
export interface QueryProblem extends Position {
  readonly message: string;
}
