import { toText } from "../../convert.ts";
import { everywhere, regex } from "../../regex.ts";
import type { Value } from "../../value.ts";
import { MAX_TEXT, dynamicType, isList } from "../../value.ts";
import { hasTermOf } from "../../text-match.ts";
import { located, patternOf } from "../pattern.ts";
import { fail } from "../scope.ts";
import { textGetter } from "../text-getter.ts";
import { ofText } from "./encodings.ts";
import type { Family, ScalarFunction } from "./family.ts";
import { argument, number, text, variadic } from "./family.ts";

/** Functions that search and rewrite texts. Positions and lengths are in code points. */

const points = (given: string): string[] => Array.from(given);

/** Converts an offset in UTF-16 units into one in code points. */
const pointsBefore = (given: string, at: number): number => points(given.slice(0, at)).length;

const textOf = (value: Value | undefined, type: string | undefined): string =>
  value === undefined ? "" : toText(value, type === "dynamic" ? dynamicType(value) : (type ?? "string"));

/**
 * `indexof(text, sought[, start[, length[, occurrence]]])`; -1 where it does not occur, null for invalid arguments.
 * Source: the "indexof()" page.
 */
const indexOf: ScalarFunction = variadic(([source, sought, start, length, occurrence], types) => {
  const [whole, wanted] = [points(textOf(source, types[0])), textOf(sought, types[1])];
  const given = number(start) ?? 0;
  const span = number(length) ?? -1;
  let left = number(occurrence) ?? 1;
  if (span < -1 || left < 1) return null;
  let from = given < 0 ? Math.max(0, whole.length + given) : given;
  for (;;) {
    // The length counts from each occurrence again, as in the page's own example.
    const examined = whole.slice(from, span === -1 ? undefined : from + span).join("");
    const at = examined.indexOf(wanted);
    if (at === -1) return -1;
    const place = from + pointsBefore(examined, at);
    left -= 1;
    if (left === 0) return place;
    from = place + 1;
  }
});

/** `indexof_regex(text, pattern[, start])` */
const indexOfRegex: ScalarFunction = (call) => {
  const source = textGetter(argument(call, 0));
  const pattern = patternOf(argument(call, 1), call.scope, call.node);
  if (call.args.length > 3) return fail(call.scope, "indexof_regex() takes three arguments at most here", call.node);
  const start = call.args[2]?.get;
  return (row) => {
    const from = number(start?.(row)) ?? 0;
    const examined = points(source(row)).slice(from).join("");
    const found = pattern(row).exec(examined);
    return found === null ? -1 : from + pointsBefore(examined, found.index);
  };
};

/** `countof(text, sought[, "normal" | "regex"])`: plain matches may overlap, matches of a regular expression do not. */
const countOf: ScalarFunction = (call) => {
  const [source, sought, kind] = [0, 1, 2].map((i) => call.args[i] && textGetter(argument(call, i)));
  return (row) => {
    const [given, wanted, how] = [source?.(row) ?? "", sought?.(row) ?? "", kind?.(row) ?? "normal"];
    if (how === "regex") {
      const pattern = located(() => regex(wanted), call.scope, call.node);
      return [...given.matchAll(everywhere(pattern))].length;
    }
    if (wanted === "") return 0;
    let count = 0;
    for (let at = given.indexOf(wanted); at !== -1; at = given.indexOf(wanted, at + 1)) count += 1;
    return count;
  };
};

/** `translate`: replaces each character of the first list by the one at its index in the second; the last one serves for the rest. */
const translate: ScalarFunction = variadic(([search, replacement, source], types) => {
  const to = points(textOf(replacement, types[1]));
  const table = new Map(
    points(textOf(search, types[0])).map((character, i) => [character, to[Math.min(i, to.length - 1)] ?? ""]),
  );
  return points(textOf(source, types[2]))
    .map((character) => table.get(character) ?? character)
    .join("");
});

/** Most repetitions that the service makes. Source: the "strrep()" page. */
const MAX_REPETITIONS = 1024;

const repeated: ScalarFunction = (call) =>
  variadic(([value, count, delimiter], types) => {
    const unit = textOf(value, types[0]);
    const times = Math.min(MAX_REPETITIONS, Math.max(0, number(count) ?? 0));
    if ((unit.length + textOf(delimiter, types[2]).length) * times > MAX_TEXT)
      return fail(call.scope, `strrep() makes ${MAX_TEXT} characters at most`, call.node);
    return Array.from({ length: times }, () => unit).join(textOf(delimiter, types[2]));
  })(call);

/** `replace_strings(text, lookups, rewrites)`: in one pass, an earlier lookup first; a single rewrite serves for all lookups. */
const replaceAll: ScalarFunction = variadic(([source, lookups, rewrites]) => {
  if (lookups === undefined || !isList(lookups)) return null;
  const sought = lookups.map((item) => textOf(item, "dynamic"));
  const written = (i: number): string => {
    if (rewrites === undefined || !isList(rewrites)) return text(rewrites);
    return textOf(rewrites[i] ?? "", "dynamic");
  };
  const given = text(source);
  let result = "";
  for (let at = 0; at < given.length;) {
    const index = sought.findIndex((item) => item !== "" && given.startsWith(item, at));
    result += index === -1 ? given.slice(at, at + 1) : written(index);
    at += index === -1 ? 1 : (sought[index] ?? "").length;
  }
  return result;
});

const compared: ScalarFunction = variadic(([left, right], types) => {
  const [first, second] = [textOf(left, types[0]), textOf(right, types[1])];
  return first === second ? 0 : first < second ? -1 : 1;
});

/** `has_any_index`: index of the first of the terms that the text has, or -1. */
const hasAnyIndex: ScalarFunction = variadic(([source, terms], types) =>
  terms !== undefined && isList(terms)
    ? hasTermOf(terms.map((term) => textOf(term, "dynamic")))(textOf(source, types[0]))
    : null,
);

const codePoints = ofText((given) => points(given).map((character) => character.codePointAt(0) ?? 0));

const fromCodePoints: ScalarFunction = variadic((values) =>
  values
    .flatMap((value): readonly Value[] => (isList(value) ? value : [value]))
    .map((code) => (typeof code === "number" && code >= 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : ""))
    .join(""),
);

export const TEXT_EDITS: Family = [
  ["indexof", indexOf],
  ["indexof_regex", indexOfRegex],
  ["countof", countOf],
  ["translate", translate],
  ["strrep", repeated],
  ["replace_strings", replaceAll],
  ["strcmp", compared],
  ["has_any_index", hasAnyIndex],
  ["string_size", ofText((given) => Buffer.byteLength(given))],
  ["regex_quote", ofText((given) => given.replaceAll(/[\\^$.*+?()[\]{}|#&~-]/g, String.raw`\$&`))],
  ["unicode_codepoints_from_string", codePoints],
  ["unicode_codepoints_to_string", fromCodePoints],
  ["make_string", fromCodePoints],
];
