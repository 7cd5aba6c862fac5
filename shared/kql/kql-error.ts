import type { Problem } from "./problem.ts";
import { positionOf } from "./position.ts";

/** The text is not a valid query; holds the language service's problems. Nothing ran. */
export class KqlSemanticError extends Error {
  override readonly name = "KqlSemanticError";
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(({ code, message, line, column }) => `${line}:${column}: ${code} ${message}`).join("\n"));
    this.problems = problems;
  }
}

/** Valid KQL that the interpreter does not support: it fails rather than guesses. */
export class UnsupportedKqlError extends Error {
  override readonly name = "UnsupportedKqlError";
  /** The unsupported construct, as the query writes it. */
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

/** A valid query that fails at run time: a bound exceeded, an invalid pattern. The message says where, if that is known. */
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
