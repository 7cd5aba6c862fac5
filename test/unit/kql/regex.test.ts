import { describe, expect, it } from "vitest";
import { regex } from "../../../shared/kql/regex.ts";
import { PatternError } from "../../../shared/kql/regex/pattern-error.ts";

/** Pattern, text, what the first match takes; `undefined` for none. Source: "Regex syntax" of the Kusto documentation. */
const MATCHES: readonly (readonly [string, string, string | undefined])[] = [
  ["a.c", "a\nc", undefined],
  ["a.c", "a\rc", "a\rc"],
  ["(?s)a.c", "a\nc", "a\nc"],
  ["(?m)^b$", "a\nb\nc", "b"],
  ["^b$", "a\nb\nc", undefined],
  [String.raw`(?m)\Ab`, "a\nb", undefined],
  [String.raw`b\z`, "ab", "b"],
  ["(?i)É+", "éé", "éé"],
  ["(?i)a+(?-i)b+", "AAbB", "AAb"],
  ["x|a(?i)b|c", "C", "C"],
  ["(?i:a)b", "AB", undefined],
  ["(?i:a)b", "Ab", "Ab"],
  ["(?U)a+", "aaa", "a"],
  ["(?U)a+?", "aaa", "aaa"],
  ["(?x) a b # both\n c", "abc", "abc"],
  [String.raw`\d+`, "x١٢", "١٢"],
  ["[0-9]+", "x١٢", undefined],
  [String.raw`(?-u)\w+`, "é_a", "_a"],
  [String.raw`\w+`, "é_a", "é_a"],
  [String.raw`\bb\b`, "éb b", "b"],
  [String.raw`\bb`, "éb", undefined],
  [String.raw`\<ab\>`, "xab ab", "ab"],
  [String.raw`\p{Greek}+`, "abγδ", "γδ"],
  [String.raw`\pL+`, "12é", "é"],
  [String.raw`\P{L}+`, "ab12", "12"],
  ["[[:alpha:]]+", "1ab", "ab"],
  ["[[:^alpha:]]+", "a12", "12"],
  ["[a-y&&[^b]]+", "bacz", "ac"],
  ["[0-9--4]+", "4356", "356"],
  ["[a-g~~b-h]+", "bah", "ah"],
  ["[]a]+", "x]a", "]a"],
  ["[^]a]+", "]ax", "x"],
  [String.raw`[\w.-]+@[\w-.]+`, "to me@ex-a.com", "me@ex-a.com"],
  ["x{2,3}", "xxxx", "xxx"],
  ["(?:a*)*b", "aab", "aab"],
  [String.raw`\x41\x{42}\u0043\U00000044`, "ABCD", "ABCD"],
  [String.raw`a\-b\/c\:`, "a-b/c:", "a-b/c:"],
  ["😀{2}", "😀😀", "😀😀"],
  ["a]}", "a]}", "a]}"],
];

/** Pattern, where and why it is refused. JavaScript would run the first six. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["a(?=b)", /at its character 2: look-around is not supported/],
  ["a(?!b)", /look-around/],
  ["(?<=a)b", /at its character 1: look-around/],
  ["(?<!a)b", /look-around/],
  [String.raw`(a)\1`, /at its character 4: back-references are not supported/],
  [String.raw`(?<n>a)\k<n>`, /there is no escape \\k/],
  ["(?>a)", /this kind of group/],
  ["(?R)a", /the flag R is not supported/],
  [String.raw`\Qa\E`, /there is no escape \\Q/],
  ["(a", /at its character 1: this \( has no \)/],
  ["a)", /at its character 2: this \) has no \(/],
  ["[a", /this \[ has no \]/],
  ["[b-a]", /the range runs backwards/],
  ["*a", /nothing that \* could repeat/],
  ["a{1001}", /a repetition may count to 1000/],
  ["a\\", /ends with a backslash/],
  [String.raw`\p{Klingon}`, /no Unicode class Klingon/],
  ["(".repeat(200), /nested deeper than 100/],
];

describe("regular expressions", () => {
  it.each(MATCHES)("%j in %j takes %j", (pattern, text, expected) => {
    expect(regex(pattern).exec(text)?.[0]).toBe(expected);
  });

  it.each(REFUSED)("%j is refused", (pattern, message) => {
    expect(() => regex(pattern)).toThrow(PatternError);
    expect(() => regex(pattern)).toThrow(message);
  });

  it("groups count by their parentheses, named or not", () => {
    expect(regex("(?P<year>[0-9]+)-(?:x)(.)").exec("2026-xy")?.slice(1)).toEqual(["2026", "y"]);
  });
});
