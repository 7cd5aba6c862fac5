import { describe, expect, it } from "vitest";
import { execute } from "../../../shared/kql/interpret.ts";
import type { ExecuteOptions } from "../../../shared/kql/interpret.ts";
import { KqlRuntimeError, KqlSemanticError } from "../../../shared/kql/kql-error.ts";
import { NOW, rowsOf } from "./kql-run.ts";

/** What the query ends with. */
function failure(text: string, options: Partial<ExecuteOptions> = {}): unknown {
  try {
    execute(text, { tables: {}, now: NOW, ...options });
  } catch (error) {
    return error;
  }
  return undefined;
}

const BOUNDS = { maxIntermediateRows: 10_000, maxHeldRows: 1000 };
const doubled = (step: string): string => Array.from({ length: 40 }, () => `extend s = ${step}`).join("\n| ");

/** What is shown, query, what the error says. Each would run for hours, or fill the memory, without a bound. */
const ENDLESS: readonly (readonly [string, string, RegExp])[] = [
  [
    "range without an end",
    "range x from 1 to 9000000000000000000 step 1 | count",
    /more than 10,000 rows .* filter earlier, .*: at 1:1$/,
  ],
  [
    "a cross join",
    "range x from 1 to 900 step 1 | extend k = 1\n| join kind=inner (range y from 1 to 900 step 1 | extend k = 1) on k | count",
    /more than 10,000 rows .* at 2:3$/,
  ],
  [
    "lists expanded by each other",
    "print l = range(1, 1000)\n| mv-expand a = l | extend b = l\n| mv-expand b | mv-expand c = l | count",
    /more than 10,000 rows .* at 3:17$/,
  ],
  [
    "a lookup that multiplies",
    "range x from 1 to 900 step 1 | extend k = 1 | lookup (range y from 1 to 900 step 1 | extend k = 1) on k | count",
    /more than 10,000 rows/,
  ],
  [
    "tables read twice by each let, also without rows",
    `let A0 = datatable(a: long)[]; ${Array.from({ length: 14 }, (_, i) => `let A${i + 1} = union A${i}, A${i};`).join(" ")} A14 | count`,
    /more than 10,000 rows/,
  ],
  [
    "functions that call each other twice",
    `let f0 = (x: long) { x + 1 }; ${Array.from({ length: 8 }, (_, i) => `let f${i + 1} = (x: long) { f${i}(x) + f${i}(x + 1) };`).join(" ")} print f8(1)`,
    /more than 10,000 rows/,
  ],
  [
    "sort",
    "range x from 1 to 5000 step 1 | sort by x | take 1",
    /keeps more than 1,000 rows .* filter earlier, .*: at 1:33$/,
  ],
  ["groups", "range x from 1 to 5000 step 1 | summarize count() by x | count", /keeps more than 1,000 rows/],
  ["elements of a list", "range x from 1 to 5000 step 1 | summarize make_list(x)", /keeps more than 1,000 rows/],
  ["elements of a set", "range x from 1 to 5000 step 1 | summarize make_set(x)", /keeps more than 1,000 rows/],
  ["different values", "range x from 1 to 5000 step 1 | summarize dcount(x)", /keeps more than 1,000 rows/],
  ["percentiles", "range x from 1 to 5000 step 1 | summarize percentile(x, 50)", /keeps more than 1,000 rows/],
  ["distinct", "range x from 1 to 5000 step 1 | distinct x | count", /keeps more than 1,000 rows/],
  ["the right side of a join", "print x = 1 | join (range x from 1 to 5000 step 1) on x", /keeps more than 1,000 rows/],
  ["the result", "range x from 1 to 5000 step 1", /keeps more than 1,000 rows/],
  [
    "long texts count for more",
    "range x from 1 to 500 step 1 | summarize make_list(strcat(x, strrep('x', 1024)))",
    /keeps/,
  ],
  [
    "a text that doubles",
    `print s = 'aaaaaaaaaa'\n| ${doubled("strcat(s, s)")}`,
    /longer than 16,000,000 .* at \d+:\d+$/,
  ],
  ["a list that doubles", `print s = dynamic([1])\n| ${doubled("array_concat(s, s)")}`, /more than 1,048,576 elements/],
  [
    "a list that holds itself twice",
    `print s = dynamic([1])\n| ${doubled("pack_array(s, s)")}\n| project tostring(s)`,
    /characters of JSON/,
  ],
  ["repeat", "print repeat(1, 100000000)", /1048576 elements at most/],
  ["range as a function", "print range(1, 100000000)", /1048576 elements at most/],
];

describe("bounds", () => {
  it.each(ENDLESS)("%s ends with a clear error", (_title, query, message) => {
    const error = failure(query, BOUNDS);
    expect(error).toBeInstanceOf(KqlRuntimeError);
    expect(String(error)).toMatch(message);
  });

  it("one regular expression that would try for ever ends with the deadline", () => {
    const query = "print x = strcat(strrep('a', 60), 'b') matches regex '^(a+)+$'";
    expect(String(failure(query, { deadlineMs: 200 }))).toMatch(/KqlRuntimeError: the query has taken 200 ms/);
    expect(rowsOf("print 1")).toEqual(["1"]);
  });

  it("a query within the bounds is not counted against the next", () => {
    const query = "range x from 1 to 900 step 1 | sort by x asc | count";
    for (let i = 0; i < 20; i++) expect(rowsOf(query, BOUNDS)).toEqual(["900"]);
  });

  it("10,000 nested parentheses are refused before they are parsed, at the place where they get too deep", () => {
    const deep = `print\n${"(".repeat(10_000)}1${")".repeat(10_000)}`;
    expect(failure(deep)).toBeInstanceOf(KqlSemanticError);
    expect(String(failure(deep))).toMatch(/2:201: nesting brackets are nested deeper than 200 here; take .* apart/);
    expect(rowsOf(`print ${"(".repeat(190)}1${")".repeat(190)}`)).toEqual(["1"]);
  });

  it.each([
    ["or", Array.from({ length: 5000 }, (_, i) => `x == ${i}`).join(" or ")],
    ["sign", `${"-".repeat(5000)}x == 1`],
  ])("a chain of 5,000 (%s) is refused, not a crash", (_title, condition) => {
    expect(failure(`print x = 1 | where ${condition}`)).toBeInstanceOf(KqlSemanticError);
  });
});

describe("errors on the way say where", () => {
  it.each([
    ["print s = 'x'\n| where s matches regex '(?=a)'", /look-around is not supported.* at 2:9$/],
    ["print s = 'x'\n| project s, extract('(', 1, s)", /this \( has no \).* at 2:14$/],
    ["print s = '['\n| project replace_regex(s, '[', 'b')", /this \[ has no \].* at 2:11$/],
    ["print format_datetime(now(), 'yyyy-ww')", /does not know the format element "ww" at 1:7$/],
    ["print extract_json('$..a', '{}')", /does not know the JSON path "\$\.\.a" at 1:7$/],
    ["print parse_command_line('a', 'posix')", /knows "windows" alone, not "posix" at 1:7$/],
  ])("%s", (query, message) => {
    const error = failure(query);
    expect(error).toBeInstanceOf(KqlRuntimeError);
    expect(String(error)).toMatch(message);
  });

  it("in the body of a function: the place in the text, not in the body", () => {
    const query =
      "let f = (X: (n: long)) {\n  X\n  | make-series count() on n from 1 to 2 step 1\n};\nf((print n = 1))";
    expect(String(failure(query))).toBe("UnsupportedKqlError: unsupported: make-series at 3:5");
    expect(String(failure("let f = (s: string) {\n  extract('(', 1, s) };\nprint f('a')"))).toMatch(/ at 2:3$/);
  });
});
