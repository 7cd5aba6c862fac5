import { literal, readEscape } from "./escape.ts";
import type { Flags } from "./flags.ts";
import type { Reader } from "./reader.ts";

/** ASCII classes by name, in the form for inside a class. */
const POSIX: ReadonlyMap<string, string> = new Map([
  ["alnum", "0-9A-Za-z"],
  ["alpha", "A-Za-z"],
  ["ascii", String.raw`\x00-\x7f`],
  ["blank", String.raw`\t `],
  ["cntrl", String.raw`\x00-\x1f\x7f`],
  ["digit", "0-9"],
  ["graph", String.raw`\x21-\x7e`],
  ["lower", "a-z"],
  ["print", String.raw`\x20-\x7e`],
  ["punct", String.raw`\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e`],
  ["space", String.raw`\t\n\v\f\r `],
  ["upper", "A-Z"],
  ["word", "0-9A-Za-z_"],
  ["xdigit", "0-9A-Fa-f"],
]);

type Combine = (left: string, right: string) => string;

/** Operators between sets: equal precedence, from left to right. */
const COMBINATIONS: ReadonlyMap<string, Combine> = new Map([
  ["&&", (left: string, right: string) => `[${left}&&${right}]`],
  ["--", (left: string, right: string) => `[${left}--${right}]`],
  ["~~", (left: string, right: string) => `[[${left}${right}]--[${left}&&${right}]]`],
]);

/** Reads a class after its `[`, including its `]`. */
export function readClass(reader: Reader, flags: Flags): string {
  const at = reader.at - 1;
  const negated = reader.skip("^");
  let items = reader.skip("]") ? literal("]") : "";
  let left = "";
  let combine: Combine = (_, right) => right;
  for (;;) {
    if (reader.done) return reader.refuse("this [ has no ]; write \\[ for the character", at);
    if (reader.skip("]")) break;
    const operator = reader.match(/(?:&&|--(?!\])|~~)/y)?.[0];
    if (operator === undefined) items += readItem(reader, flags);
    else {
      left = combine(left, `[${items}]`);
      combine = COMBINATIONS.get(operator) ?? combine;
      items = "";
    }
  }
  const whole = combine(left, `[${items}]`);
  return negated ? `[^${whole}]` : whole;
}

function readItem(reader: Reader, flags: Flags): string {
  const posix = reader.match(/\[:(\^?)(\w+):\]/y);
  if (posix !== null) {
    const inside = POSIX.get(posix[2] ?? "");
    if (inside === undefined) return reader.refuse(`there is no class [:${posix[2]}:]`);
    return `[${posix[1]}${inside}]`;
  }
  if (reader.skip("[")) return readClass(reader, flags);
  if (flags.verbose && reader.match(/\s+|#.*/y) !== null) return "";
  const at = reader.at;
  const first = readMember(reader, flags);
  // A minus before the end or after a class is a literal.
  if (first.character === undefined || reader.match(/-(?![\]-])/y) === null) return first.text;
  const last = readMember(reader, flags);
  if (last.character === undefined) return reader.refuse("a range needs a character at both its ends", at);
  if ((first.character.codePointAt(0) ?? 0) > (last.character.codePointAt(0) ?? 0))
    return reader.refuse("the range runs backwards", at);
  return `${first.text}-${last.text}`;
}

function readMember(reader: Reader, flags: Flags): { readonly text: string; readonly character?: string } {
  if (reader.skip("\\")) return readEscape(reader, flags);
  const character = reader.take();
  return { text: literal(character), character };
}
