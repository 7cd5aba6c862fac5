import { regex } from "../regex.ts";
import { PatternError } from "../regex/pattern-error.ts";
import type { SyntaxView } from "../syntax.ts";
import type { Row } from "./relation.ts";
import type { Compiled, Scope } from "./scope.ts";
import { NO_ROW, fail } from "./scope.ts";
import { textGetter } from "./text-getter.ts";

/** The regular expression in an argument. A constant one is compiled at once. Errors have the call's position. */
export function patternOf(argument: Compiled, scope: Scope, node: SyntaxView): (row: Row) => RegExp {
  const text = textGetter(argument);
  const read = (row: Row): RegExp => located(() => regex(text(row)), scope, node);
  if (!argument.constant) return read;
  const fixed = read(NO_ROW);
  return () => fixed;
}

/** Runs `read`, and turns a PatternError into one with a position. @throws {KqlRuntimeError} */
export function located<T>(read: () => T, scope: Scope, node: SyntaxView): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PatternError) return fail(scope, error.message, node, { cause: error });
    throw error;
  }
}
