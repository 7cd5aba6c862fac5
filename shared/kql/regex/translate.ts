import { readClass } from "./bracket-class.ts";
import { literal, readEscape, wordClass } from "./escape.ts";
import type { Flags } from "./flags.ts";
import { NO_FLAGS, withFlags } from "./flags.ts";
import { Reader } from "./reader.ts";

/** Largest count of a repetition: the limit of RE2, Kusto's former engine. */
const MAX_REPETITION = 1000;

/** Deepest nesting of groups. */
const MAX_DEPTH = 100;

/**
 * Translates a pattern from Kusto's syntax to source and flags of a JavaScript expression. Only known constructs are translated,
 * anything else is refused: JavaScript has more than Kusto (look-around, back-references) and must not run it.
 * @throws {PatternError}
 */
export function translate(pattern: string): { readonly source: string; readonly flags: string } {
  const reader = new Reader(pattern);
  const leading = reader.match(/\(\?([a-zA-Z]+)\)/y);
  const flags = leading === null ? NO_FLAGS : withFlags(leading[1] ?? "", NO_FLAGS, reader, 0);
  const source = readGroup(reader, flags, { ignoreCase: flags.ignoreCase, depth: 0 });
  if (!reader.done) return reader.refuse("this ) has no (; write \\) for the character");
  return { source, flags: flags.ignoreCase ? "vi" : "v" };
}

interface GroupContext {
  /** Whether the whole expression ignores case; an atom that differs gets its own modifier. */
  readonly ignoreCase: boolean;
  readonly depth: number;
}

/** Reads up to the group's `)`, which is not consumed, or to the end. */
function readGroup(reader: Reader, given: Flags, context: GroupContext): string {
  if (context.depth > MAX_DEPTH) return reader.refuse(`groups are nested deeper than ${MAX_DEPTH}`);
  let flags = given;
  let source = "";
  while (!reader.done && reader.peek() !== ")") {
    if (flags.verbose && reader.match(/\s+|#.*/y) !== null) continue;
    const set = reader.match(/\(\?([a-zA-Z-]+)\)/y);
    if (set !== null) flags = withFlags(set[1] ?? "", flags, reader, reader.at - set[0].length);
    else if (reader.skip("|")) source += "|";
    else source += readRepeated(reader, flags, context);
  }
  return source;
}

function readRepeated(reader: Reader, flags: Flags, context: GroupContext): string {
  let atom = readAtom(reader, flags, context);
  for (let times = 0; ; times += 1) {
    const quantifier = reader.match(/[*+?]|\{(\d+)(?:,(\d*))?\}/y);
    if (quantifier === null) return atom;
    const counts = [quantifier[1], quantifier[2]].map((count) => Number(count ?? 0));
    if (counts.some((count) => count > MAX_REPETITION))
      return reader.refuse(`a repetition may count to ${MAX_REPETITION}`, reader.at - quantifier[0].length);
    const lazy = reader.skip("?") !== flags.lazy ? "?" : "";
    atom = `${times === 0 ? atom : `(?:${atom})`}${quantifier[0]}${lazy}`;
  }
}

function readAtom(reader: Reader, flags: Flags, context: GroupContext): string {
  const at = reader.at;
  const character = reader.take();
  switch (character) {
    case "(":
      return readParenthesis(reader, flags, context, at);
    case "[":
      return cased(readClass(reader, flags), flags, context);
    case "\\":
      return assertion(reader, flags) ?? cased(readEscape(reader, flags).text, flags, context);
    case ".":
      return flags.dotAll ? "[^]" : String.raw`[^\n]`;
    case "^":
      return flags.multiLine ? String.raw`(?<![^\n])` : "^";
    case "$":
      return flags.multiLine ? String.raw`(?![^\n])` : "$";
    case "*":
    case "+":
    case "?":
    case "{":
      return reader.refuse(
        `there is nothing that ${character} could repeat; write \\${character} for the character`,
        at,
      );
    default:
      return cased(literal(character), flags, context);
  }
}

function cased(atom: string, flags: Flags, context: GroupContext): string {
  if (flags.ignoreCase === context.ignoreCase) return atom;
  return flags.ignoreCase ? `(?i:${atom})` : `(?-i:${atom})`;
}

function readParenthesis(reader: Reader, flags: Flags, context: GroupContext, at: number): string {
  const inner = { ...context, depth: context.depth + 1 };
  if (reader.match(/\?<?[=!]/y) !== null)
    return reader.refuse("look-around is not supported; match the whole and take a group with extract()", at);
  let opening = "(";
  let own = flags;
  const name = reader.match(/\?P?<([^>]+)>/y)?.[1];
  // A name that JavaScript does not accept is dropped: the group counts by number.
  if (name !== undefined) opening = /^[A-Za-z_]\w*$/.test(name) ? `(?<${name}>` : "(";
  else if (reader.skip("?")) {
    const set = reader.match(/([a-zA-Z-]*):/y);
    if (set === null) return reader.refuse("this kind of group is not supported", at);
    own = withFlags(set[1] ?? "", flags, reader, at);
    opening = "(?:";
  }
  const source = readGroup(reader, own, inner);
  if (!reader.skip(")")) return reader.refuse("this ( has no ); write \\( for the character", at);
  return `${opening}${source})`;
}

/** Reads an escape that matches a position, not a character; `undefined` for any other escape. */
function assertion(reader: Reader, flags: Flags): string | undefined {
  const found = reader.match(/[AzB<>]|b(?:\{(?:start|end)(?:-half)?\})?/y)?.[0];
  if (found === undefined) return undefined;
  const word = wordClass(flags);
  const [begins, ends] = [`(?<!${word})`, `(?!${word})`];
  switch (found) {
    case "A":
      return "(?<![^])";
    case "z":
      return "(?![^])";
    case "b":
      return `(?:${begins}(?=${word})|(?<=${word})${ends})`;
    case "B":
      return `(?:${begins}${ends}|(?<=${word})(?=${word}))`;
    case "<":
    case "b{start}":
      return `(?:${begins}(?=${word}))`;
    case ">":
    case "b{end}":
      return `(?:(?<=${word})${ends})`;
    case "b{start-half}":
      return begins;
    case "b{end-half}":
      return ends;
    default:
      return undefined;
  }
}
