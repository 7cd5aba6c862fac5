import type { Position } from "./position.ts";
import { positionOf } from "./position.ts";

/**
 * Deepest nesting of brackets in a detection. The language service refuses a tree that is too deep, but only after a time that
 * grows with the square of the depth: 17 s for 10,000. No published detection comes near.
 */
const MAX_NESTING = 200;

/** Comments and strings, whose brackets do not count, then brackets. A string ends with its line, except ```…```. */
const TOKENS =
  /\/\/.*|```[\s\S]*?```|@"(?:[^"\r\n]|"")*"|@'(?:[^'\r\n]|'')*'|"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*'|[([{]|[)\]}]/g;

/** Offset at which brackets first nest too deep, found without a parser; `undefined` where they don't. */
export function deepAt(text: string): number | undefined {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    if ("([{".includes(token)) depth += 1;
    else if (")]}".includes(token)) depth -= 1;
    if (depth > MAX_NESTING) return index;
  }
  return undefined;
}

export const TOO_DEEP = `brackets are nested deeper than ${MAX_NESTING} here; take the expression apart with let statements`;

export function tooDeep(text: string): (Position & { readonly message: string }) | undefined {
  const offset = deepAt(text);
  return offset === undefined ? undefined : { ...positionOf(text, offset), message: TOO_DEEP };
}
