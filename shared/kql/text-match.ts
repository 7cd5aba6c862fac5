import { regex } from "./regex.ts";

/**
 * String operators of KQL. A needle is prepared once: `has("x")` returns a test for haystacks.
 * Source: "String operators" of the Kusto documentation; facts on terms in the docstrings.
 */
export type TextTest = (haystack: string) => boolean;

const WORD = /[\p{L}\p{N}]/u;

function isWord(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  if (unit < 128) return (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122);
  if (Number.isNaN(unit)) return false;
  // The second half of a surrogate pair belongs to the character before it.
  const start = unit >= 0xdc00 && unit < 0xe000 ? at - 1 : at;
  return WORD.test(String.fromCodePoint(text.codePointAt(start) ?? 0));
}

/** True where no term continues across the position `at`. */
const isBoundary = (text: string, at: number): boolean =>
  at <= 0 || at >= text.length || !isWord(text, at - 1) || !isWord(text, at);

type Ends = "both" | "start" | "end";

/** Both arguments are already folded. */
function holdsTerm(text: string, sought: string, ends: Ends): boolean {
  if (sought === "") return true;
  for (let at = text.indexOf(sought); at !== -1; at = text.indexOf(sought, at + 1)) {
    const startsTerm = ends === "end" || isBoundary(text, at);
    const endsTerm = ends === "start" || isBoundary(text, at + sought.length);
    if (startsTerm && endsTerm) return true;
  }
  return false;
}

function termTest(needle: string, ends: Ends, fold: (text: string) => string): TextTest {
  const sought = fold(needle);
  return (haystack) => holdsTerm(fold(haystack), sought, ends);
}

const exact = (text: string): string => text;
/**
 * Folds one character to one, so that terms keep their bounds. The only letter whose lower case is two characters (İ, U+0130)
 * stays as it is, as in .NET's invariant culture.
 */
const lower = (text: string): string =>
  text.includes("İ")
    ? text
        .split("İ")
        .map((part) => part.toLowerCase())
        .join("İ")
    : text.toLowerCase();

/**
 * Matches whole terms. A term is a maximal run of Unicode letters and digits; a needle with several terms is an exact phrase whose
 * ends fall on term boundaries. An empty needle matches everything.
 */
export const has = (needle: string): TextTest => termTest(needle, "both", lower);
export const hasCs = (needle: string): TextTest => termTest(needle, "both", exact);
export const hasPrefix = (needle: string): TextTest => termTest(needle, "start", lower);
export const hasPrefixCs = (needle: string): TextTest => termTest(needle, "start", exact);
export const hasSuffix = (needle: string): TextTest => termTest(needle, "end", lower);
export const hasSuffixCs = (needle: string): TextTest => termTest(needle, "end", exact);

/** True where `has` holds for any of the needles; folds the haystack once. */
export function hasAny(needles: readonly string[]): TextTest {
  const sought = needles.map(lower);
  return (haystack) => {
    const text = lower(haystack);
    return sought.some((needle) => holdsTerm(text, needle, "both"));
  };
}

/** Index of the first of the terms that the haystack has, or -1. */
export function hasTermOf(needles: readonly string[]): (haystack: string) => number {
  const sought = needles.map(lower);
  return (haystack) => {
    const text = lower(haystack);
    return sought.findIndex((needle) => holdsTerm(text, needle, "both"));
  };
}

export function hasAll(needles: readonly string[]): TextTest {
  const sought = needles.map(lower);
  return (haystack) => {
    const text = lower(haystack);
    return sought.every((needle) => holdsTerm(text, needle, "both"));
  };
}

const plain =
  (fold: (text: string) => string, test: (haystack: string, needle: string) => boolean) =>
  (needle: string): TextTest => {
    const sought = fold(needle);
    return (haystack) => test(fold(haystack), sought);
  };

export const contains = plain(lower, (haystack, needle) => haystack.includes(needle));
export const containsCs = plain(exact, (haystack, needle) => haystack.includes(needle));
export const startsWith = plain(lower, (haystack, needle) => haystack.startsWith(needle));
export const startsWithCs = plain(exact, (haystack, needle) => haystack.startsWith(needle));
export const endsWith = plain(lower, (haystack, needle) => haystack.endsWith(needle));
export const endsWithCs = plain(exact, (haystack, needle) => haystack.endsWith(needle));
export const equalsFolded = plain(lower, (haystack, needle) => haystack === needle);

/** @throws {PatternError} */
export function matchesRegex(pattern: string): TextTest {
  const found = regex(pattern);
  return (haystack) => found.test(haystack);
}
