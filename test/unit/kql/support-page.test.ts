import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";
import { TEXT_OPERATORS } from "../../../shared/kql/interpret/binary.ts";
import { CONTEXTUAL_FUNCTIONS, SCALAR_FUNCTIONS } from "../../../shared/kql/interpret/function-call.ts";
import { OPERATORS, SOURCES } from "../../../shared/kql/interpret/tabular.ts";
import { JOIN_KINDS } from "../../../shared/kql/interpret/tabular/join.ts";
import { AGGREGATES } from "../../../shared/kql/interpret/tabular/summarize.ts";
import { analyse } from "../../../shared/kql/language.ts";
import { UnsupportedKqlError } from "../../../shared/kql/kql-error.ts";
import { nodeName, walk } from "../../../shared/kql/syntax.ts";
import { rowsOf } from "./kql-run.ts";

const page = readFileSync(new URL("../../../docs/kql-support.md", import.meta.url), "utf8");

interface Listed {
  readonly name: string;
  readonly example: string;
  readonly result: string;
}

/** Rows of the tables `Name | Example | Result` between a heading and the next. */
function section(heading: string): readonly Listed[] {
  const start = page.indexOf(`\n## ${heading}\n`);
  const end = page.indexOf("\n## ", start + 1);
  const lines = page.slice(start, end === -1 ? undefined : end).split("\n");
  return lines
    .filter((line) => line.startsWith("| `"))
    .map((line) => {
      const [name = "", example = "", result = ""] = line.slice(2, -2).split(" | ");
      return { name: plain(name), example: plain(example), result: plain(result) };
    });
}

/** A cell without its marks. `nothing` is no row. */
const plain = (cell: string): string => (cell === "nothing" ? "" : cell.slice(1, -1).replaceAll(String.raw`\|`, "|"));

const names = (rows: readonly Listed[]): string[] => rows.map(({ name }) => name).toSorted();

const TABLES = /```kql\n(.*?)```/s.exec(page)?.[1] ?? "";
const statements = section("Statements");
const operators = section("Tabular operators");
const scalarOperators = section("Scalar operators");
const functions = section("Scalar functions");
const aggregates = section("Aggregates");

const values = functions.filter(({ name }) => SCALAR_FUNCTIONS.has(name));
const ofTheRow = functions.filter(({ name }) => CONTEXTUAL_FUNCTIONS.has(name));

const query = (example: string): string => TABLES + example;

describe("docs/kql-support.md: every example gives its result", () => {
  it.each([...statements, ...operators, ...ofTheRow])("$name: $example", ({ example, result }) => {
    expect(rowsOf(query(example)).join("; ")).toBe(result);
  });

  it.each([...scalarOperators, ...values])("$name: $example", ({ example, result }) => {
    expect(rowsOf(`print x = ${example}`).join("; ")).toBe(result);
  });

  it.each(aggregates)("$name: $example", ({ example, result }) => {
    expect(rowsOf(query(`T | summarize ${example}`)).join("; ")).toBe(result);
  });
});

/** Classes of node that an example's tree has. */
const classesIn = (example: string): Set<string> =>
  new Set([...walk(analyse(query(example), "log-analytics").syntax)].map(nodeName));

describe("docs/kql-support.md: it lists what runs, and nothing else", () => {
  it("scalar functions", () => {
    expect(names(functions)).toEqual([...SCALAR_FUNCTIONS.keys(), ...CONTEXTUAL_FUNCTIONS.keys()].toSorted());
    for (const { name, example } of functions) expect(example, name).toContain(`${name}(`);
  });

  it("aggregates", () => {
    expect(names(aggregates)).toEqual([...AGGREGATES.keys()].toSorted());
    for (const { name, example } of aggregates) expect(example, name).toContain(`${name}(`);
  });

  it("text operators, each with its negation", () => {
    const negated = (name: string): string => (name === "=~" ? "!~" : `!${name}`);
    const wanted = [...TEXT_OPERATORS.keys()].flatMap((name) =>
      name === "matches regex" ? [name] : [name, negated(name)],
    );
    expect(names(scalarOperators)).toEqual(expect.arrayContaining(wanted));
    for (const { name, example } of scalarOperators.filter((row) => wanted.includes(row.name)))
      expect(example).toContain(` ${name} `);
  });

  it("tabular operators: the examples reach each of them, and each is named after one", () => {
    const reached = new Set(operators.flatMap(({ example }) => [...classesIn(example)]));
    for (const name of [...OPERATORS.keys(), ...SOURCES.keys()]) expect(reached, name).toContain(name);
    for (const { name, example } of operators) {
      const [keyword = "", ...rest] = name.split(" ");
      expect(example, name).toContain(keyword);
      const [parameter] = rest;
      if (parameter?.startsWith("kind=") === true) expect(example, name).toContain(parameter);
    }
  });

  it("kinds of join", () => {
    const listed = operators.filter(({ name }) => name.startsWith("join kind=")).map(({ name }) => name.slice(10));
    expect(listed.toSorted()).toEqual([...JOIN_KINDS.keys()].toSorted());
  });
});

/** Valid KQL, each named under "Refused". */
const REFUSED: readonly string[] = [
  'externaldata(a: string)["https://example.org/x"]',
  "T | evaluate bag_unpack(d)",
  "search 'x'",
  "find in (T) where k == 'a'",
  "union Device*",
  "T | where * has 'a'",
  "T | make-series count() on n from 1 to 2 step 1",
  "T | mv-apply d on (where true)",
  "T | top-nested 2 of k by count()",
  "T | top-hitters 2 of k",
  "T | partition by k (top 1 by n)",
  "T | scan with (step s: n > 1;)",
  "let f = (X: (*)) { X }; T | invoke f()",
  "T | facet by k",
  "T | fork (take 1) (take 2)",
  "T | reduce by k",
  "T | getschema",
  "T | consume",
  "T | parse-kv k as (x: long) with (pair_delimiter=';')",
  "T | serialize x = row_number()",
  "T | serialize x = prev(n)",
  "T | serialize x = next(n)",
  "T | extend x = rand()",
  "T | extend x = new_guid()",
  "T | extend x = series_stats(d)",
  "T | extend x = geo_point_to_geohash(1.0, 1.0)",
  "T | extend x = hash(k)",
  "T | extend x = parse_version(k)",
  "T | extend x = parse_xml(k)",
  "T | extend x = parse_user_agent(k, 'os')",
  "T | extend (x, y) = array_sort_asc(d, d)",
  "set truncationmaxsize = 1; T",
  "declare query_parameters(x: long = 2); T",
];

describe("docs/kql-support.md: what it says is refused is refused by its name and place", () => {
  it.each(REFUSED)("%s", (text) => {
    expect(() => rowsOf(query(text))).toThrow(UnsupportedKqlError);
    expect(() => rowsOf(query(text))).toThrow(/^unsupported: .+ at \d+:\d+$/);
  });
});
