import { PatternError } from "./regex/pattern-error.ts";
import { translate } from "./regex/translate.ts";

/** Patterns that are kept ready, oldest out first. */
const CACHE_SIZE = 1000;

const cache = new Map<string, RegExp>();

/**
 * A pattern of a query, in the syntax of Kusto ("Regex syntax" of its documentation), as one of JavaScript. Unicode throughout.
 * Has no state: it is not global.
 * @throws {PatternError} what is no pattern there: look-around, back-references, a mistake
 */
export function regex(pattern: string): RegExp {
  const known = cache.get(pattern);
  if (known !== undefined) return known;
  const { source, flags } = translate(pattern);
  const made = compiled(pattern, source, flags);
  const [oldest] = cache.keys();
  if (cache.size >= CACHE_SIZE && oldest !== undefined) cache.delete(oldest);
  cache.set(pattern, made);
  return made;
}

function compiled(pattern: string, source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new PatternError(pattern, undefined, error.message.replace(/^.*\/: /s, ""), { cause: error });
    throw error;
  }
}

const globals = new WeakMap<RegExp, RegExp>();

/** The same expression for every match, to be used with `matchAll` and `replace`, which begin at the start. */
export function everywhere(single: RegExp): RegExp {
  const known = globals.get(single) ?? new RegExp(single.source, `${single.flags}g`);
  globals.set(single, known);
  known.lastIndex = 0;
  return known;
}
