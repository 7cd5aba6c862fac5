import type { Position } from "./position.ts";

/** Position in the query's own text; the message says what and how to mend it. */
export interface QueryProblem extends Position {
  readonly message: string;
}
