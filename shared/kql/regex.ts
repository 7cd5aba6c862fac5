import { PatternError } from "./regex/pattern-error.ts";
import { translate } from "./regex/translate.ts";

/** Most compiled patterns in the cache; the oldest leaves first. */
const CACHE_SIZE = 1000;

const cache = new Map<string, RegExp>();

/**
 * Compiles a query's pattern, in Kusto's syntax ("Regex syntax" of its documentation), to a JavaScript expression. Unicode
 * throughout; not global, so it has no state.
 * @throws {PatternError} for look-around, back-references and mistakes
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

/** The global form of the expression, for `matchAll` and `replace`, which always begin at the start. */
export function everywhere(single: RegExp): RegExp {
  const known = globals.get(single) ?? new RegExp(single.source, `${single.flags}g`);
  globals.set(single, known);
  known.lastIndex = 0;
  return known;
}
