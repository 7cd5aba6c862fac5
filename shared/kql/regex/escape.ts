import type { Flags } from "./flags.ts";
import type { Reader } from "./reader.ts";

/** A literal character, escaped for JavaScript inside and outside of a class. */
export const literal = (character: string): string =>
  /^[A-Za-z0-9_ ]$/.test(character) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** Unicode forms of the classes, after "Perl character classes" of Kusto's documentation; then the ASCII forms. */
const CLASSES: Readonly<Record<string, readonly [string, string]>> = {
  d: [String.raw`\p{Nd}`, "0-9"],
  s: [String.raw`\p{White_Space}`, String.raw`\t\n\v\f\r `],
  w: [String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}`, "0-9A-Za-z_"],
};

const CONTROLS: ReadonlyMap<string, string> = new Map([
  ["a", "\u0007"],
  ["f", "\f"],
  ["t", "\t"],
  ["n", "\n"],
  ["r", "\r"],
  ["v", "\v"],
]);

/** The meaning of an escape: one character or a class. Both are valid inside and outside of a class. */
export interface Escaped {
  readonly text: string;
  /** The character; absent for a class. */
  readonly character?: string;
}

const single = (character: string): Escaped => ({ text: literal(character), character });

/** Reads an escape after its backslash. @throws {PatternError} for back-references and escapes that Kusto does not have */
export function readEscape(reader: Reader, flags: Flags): Escaped {
  const at = reader.at - 1;
  const letter = reader.take();
  if (letter === "") return reader.refuse("it ends with a backslash", at);
  const shorthand = CLASSES[letter.toLowerCase()];
  if (shorthand !== undefined) {
    const inside = flags.unicode ? shorthand[0] : shorthand[1];
    return { text: letter === letter.toLowerCase() ? `[${inside}]` : `[^${inside}]` };
  }
  const control = CONTROLS.get(letter);
  if (control !== undefined) return single(control);
  if (letter === "x" || letter === "u" || letter === "U") return single(codePoint(reader, letter, at));
  if (letter === "p" || letter === "P") return { text: property(reader, letter, at) };
  if (/[1-9]/.test(letter))
    return reader.refuse(
      "back-references are not supported; match with extract() and compare what the groups hold",
      at,
    );
  if (letter === "0") return single(String.fromCodePoint(Number.parseInt(reader.match(/[0-7]{1,2}/y)?.[0] ?? "0", 8)));
  if (/[A-Za-z]/.test(letter)) return reader.refuse(`there is no escape \\${letter}`, at);
  return single(letter);
}

const WIDTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

function codePoint(reader: Reader, letter: string, at: number): string {
  const braced = reader.match(/\{([0-9A-Fa-f]{1,8})\}/y)?.[1];
  const digits = braced ?? reader.match(new RegExp(`[0-9A-Fa-f]{${WIDTHS[letter] ?? 2}}`, "y"))?.[0];
  const code = digits === undefined ? Number.NaN : Number.parseInt(digits, 16);
  if (!(code <= 0x10_ff_ff)) return reader.refuse(`\\${letter} needs the hexadecimal number of a character`, at);
  return String.fromCodePoint(code);
}

function property(reader: Reader, letter: string, at: number): string {
  const found = reader.match(/\{(\^?)([\w=:-]+)\}|(\p{L})/uy);
  const name = (found?.[2] ?? found?.[3])?.replace(":", "=");
  if (name === undefined) return reader.refuse(`\\${letter} needs the name of a Unicode class`, at);
  const negated = (letter === "P") !== (found?.[1] === "^");
  const known = [name, `Script=${name}`].find((candidate) => isProperty(candidate));
  if (known === undefined) return reader.refuse(`there is no Unicode class ${name}`, at);
  return `\\${negated ? "P" : "p"}{${known}}`;
}

function isProperty(name: string): boolean {
  try {
    return new RegExp(`\\p{${name}}`, "u").source !== "";
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Class of word characters, for word boundaries. */
export const wordClass = (flags: Flags): string => `[${CLASSES["w"]?.[flags.unicode ? 0 : 1] ?? ""}]`;
