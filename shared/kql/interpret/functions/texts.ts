import { toText } from "../../convert.ts";
import { everywhere, regex } from "../../regex.ts";
import type { Value } from "../../value.ts";
import { convert } from "../../convert.ts";
import { dynamicType, isList } from "../../value.ts";
import { located, patternOf } from "../pattern.ts";
import { textGetter } from "../text-getter.ts";
import type { Family, ScalarFunction } from "./family.ts";
import { argument, number, text, unaryOrNull, variadic } from "./family.ts";

const textOf = (value: Value, type: string): string => toText(value, type === "dynamic" ? dynamicType(value) : type);

const mapped = (compute: (given: string) => Value): ScalarFunction =>
  unaryOrNull((value, type) => compute(textOf(value, type)));

const concatenated: ScalarFunction = variadic((values, types) =>
  values.map((value, i) => textOf(value, types[i] ?? "string")).join(""),
);

/** Number of Unicode code points. */
const codePoints = (given: string): number => {
  let count = 0;
  for (const _ of given) count += 1;
  return count;
};

/** Code points from `start` (negative: from the end), at most `length` of them. */
const substring: ScalarFunction = variadic(([value, start, length], types) => {
  const characters = Array.from(textOf(value ?? "", types[0] ?? "string"));
  const given = number(start) ?? 0;
  const from = given < 0 ? Math.max(0, characters.length + given) : given;
  const count = number(length);
  return characters.slice(from, count === undefined ? undefined : from + Math.max(0, count)).join("");
});

const extract: ScalarFunction = (call) => {
  const pattern = patternOf(argument(call, 0), call.scope, call.node);
  const group = argument(call, 1).get;
  const source = textGetter(argument(call, 2));
  return (row) => {
    const found = pattern(row).exec(source(row))?.[number(group(row)) ?? 0];
    return convert(found ?? "", "string", call.type);
  };
};

const replaceRegex: ScalarFunction = (call) => {
  const source = textGetter(argument(call, 0));
  const pattern = patternOf(argument(call, 1), call.scope, call.node);
  const rewrite = textGetter(argument(call, 2));
  return (row) => {
    // Kusto refers to groups as \1, JavaScript as $1.
    const replacement = rewrite(row)
      .replaceAll("$", "$$$$")
      .replaceAll(/\\(\d)/g, (_, digit: string) => (digit === "0" ? "$&" : `$${digit}`));
    return source(row).replace(everywhere(pattern(row)), replacement);
  };
};

/** `replace(pattern, rewrite, text)`: the former name and order of `replace_regex`. */
const replaceRegexOldOrder: ScalarFunction = (call) =>
  replaceRegex({ ...call, args: [argument(call, 2), argument(call, 0), argument(call, 1)] });

/** `split`: the parts between separators; with an index a list of that part alone. */
const split: ScalarFunction = variadic(([source, separator, wanted]) => {
  const parts = text(source) === "" ? [""] : text(source).split(text(separator));
  const index = number(wanted);
  return index === undefined ? parts : parts.slice(index, index + 1);
});

/** Cuts off all leading and trailing matches. */
const trimmed =
  (atStart: boolean, atEnd: boolean): ScalarFunction =>
  (call) => {
    const cut = textGetter(argument(call, 0));
    const given = textGetter(argument(call, 1));
    const pattern = (source: string): RegExp => located(() => regex(source), call.scope, call.node);
    return (row) => {
      const wanted = cut(row);
      let rest = given(row);
      if (atStart) rest = rest.replace(pattern(`^(?:${wanted})+`), "");
      return atEnd ? rest.replace(pattern(`(?:${wanted})+$`), "") : rest;
    };
  };

export const TEXTS: Family = [
  ["tolower", mapped((given) => given.toLowerCase())],
  ["toupper", mapped((given) => given.toUpperCase())],
  ["strlen", mapped(codePoints)],
  ["strcat", concatenated],
  [
    "strcat_delim",
    variadic(([delimiter, ...values], types) =>
      values.map((value, i) => textOf(value, types[i + 1] ?? "string")).join(text(delimiter)),
    ),
  ],
  [
    "strcat_array",
    variadic(([list, delimiter]) =>
      list !== undefined && isList(list) ? list.map((item) => textOf(item, "dynamic")).join(text(delimiter)) : "",
    ),
  ],
  ["substring", substring],
  ["extract", extract],
  ["replace_regex", replaceRegex],
  ["replace", replaceRegexOldOrder],
  [
    "replace_string",
    variadic(([source, sought, rewrite]) =>
      text(sought) === "" ? text(source) : text(source).replaceAll(text(sought), () => text(rewrite)),
    ),
  ],
  ["split", split],
  ["trim", trimmed(true, true)],
  ["trim_start", trimmed(true, false)],
  ["trim_end", trimmed(false, true)],
  ["reverse", mapped((given) => Array.from(given).toReversed().join(""))],
];
