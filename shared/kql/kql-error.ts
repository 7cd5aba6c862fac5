import type { Problem } from "./problem.ts";
import { positionOf } from "./position.ts";

/** The text is no valid query: what the language service found. Nothing ran. */
export class KqlSemanticError extends Error {
  override readonly name = "KqlSemanticError";
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(({ code, message, line, column }) => `${line}:${column}: ${code} ${message}`).join("\n"));
    this.problems = problems;
  }
}

/** Valid KQL that the interpreter does not know: it says so, and never guesses. */
export class UnsupportedKqlError extends Error {
  override readonly name = "UnsupportedKqlError";
  /** What is not supported, as the query writes it. */
  readonly construct: string;
  readonly line: number;
  readonly column: number;
  constructor(construct: string, text: string, offset: number) {
    const { line, column } = positionOf(text, offset);
    super(`unsupported: ${construct} at ${line}:${column}`);
    this.construct = construct;
    this.line = line;
    this.column = column;
  }
}

/** A query that is valid and fails on its way: a bound exceeded, a pattern that is none. The message says where, if that is known. */
export class KqlRuntimeError extends Error {
  override readonly name = "KqlRuntimeError";
  readonly line?: number;
  readonly column?: number;
  constructor(problem: string, place?: { readonly text: string; readonly offset: number }, options?: ErrorOptions) {
    const position = place && positionOf(place.text, place.offset);
    super(position === undefined ? problem : `${problem} at ${position.line}:${position.column}`, options);
    if (position === undefined) return;
    this.line = position.line;
    this.column = position.column;
  }
}
