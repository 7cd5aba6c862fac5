import { describe, expect, it } from "vitest";
import { randomQuery } from "./differential/generate.ts";
import { interpreted } from "./differential/interpreted.ts";
import { keyText } from "./differential/key-text.ts";
import { printQuery } from "./differential/print.ts";
import { randomFrom } from "./differential/random.ts";
import type { World } from "./differential/reference.ts";
import { evaluate } from "./differential/reference.ts";
import { shapeOf } from "./differential/shape.ts";
import { TABLES, randomRows } from "./differential/tables.ts";
import type { Cell, Column, Query } from "./differential/tree.ts";

/** 2,400 queries: each analysis costs the language service some milliseconds. */
const BATCHES = 12;
const BATCH = 200;

interface Agreement {
  readonly query: Query;
  readonly rows: number;
}

/** How the two differ over a query, or `undefined` where they agree. */
function difference(query: Query, world: World): string | undefined {
  const text = printQuery(query);
  const { columns, ordered } = shapeOf(query, TABLES);
  const arranged = (rows: readonly string[]): readonly string[] => (ordered ? rows : rows.toSorted());
  const expected = {
    columns: columns.map(({ name, type }) => `${name}:${type}`).toSorted(),
    rows: arranged(
      evaluate(query, world).map((row) => columns.map((column) => cellText(row[column.name], column)).join(" | ")),
    ),
  };
  let answer;
  try {
    answer = interpreted(text, world);
  } catch (error) {
    return `${text}\n${String(error)}`;
  }
  const got = {
    columns: answer.columns.toSorted(),
    rows: arranged(
      answer.rows.map((row) => columns.map((column) => loosened(row[column.name] ?? "missing", column)).join(" | ")),
    ),
  };
  return JSON.stringify(got) === JSON.stringify(expected)
    ? undefined
    : `${text}\n${JSON.stringify({ expected, got }, null, 1)}`;
}

const cellText = (cell: Cell | undefined, column: Column): string => loosened(keyText(cell), column);

/** A list whose order nothing promises, as a bag of its characters: what is in it and how often. */
const loosened = (text: string, { unordered }: Column): string =>
  unordered === true ? Array.from(text).toSorted().join("") : text;

/** The same with fewer steps: of what fails, the shortest beginning that does. */
function shortest(query: Query, world: World): string {
  for (let length = 0; length <= query.steps.length; length++) {
    const found = difference({ table: query.table, steps: query.steps.slice(0, length) }, world);
    if (found !== undefined) return found;
  }
  return difference(query, world) ?? "";
}

function check(seed: number): Agreement {
  const random = randomFrom(seed);
  const world: World = { tables: TABLES, rows: randomRows(random) };
  const query = randomQuery(random);
  if (difference(query, world) !== undefined) {
    const rows = Object.entries(world.rows).map(
      ([table, found]) =>
        `${table} ${JSON.stringify(found, (_, cell: unknown) => (typeof cell === "bigint" ? `${cell}` : cell))}`,
    );
    expect.fail(`seed ${seed}\n${shortest(query, world)}\n${rows.join("\n")}`);
  }
  return { query, rows: evaluate(query, world).length };
}

const operators = ({ steps }: Query): string[] =>
  steps.flatMap((step) => [
    step.op,
    ...(step.op === "join" ? [`join ${step.kind ?? "innerunique"}`, `join on ${step.on.length}`] : []),
    ...("right" in step ? operators(step.right) : []),
    ...("others" in step ? step.others.flatMap(operators) : []),
    ...(step.op === "summarize" ? step.aggregates.map(({ fn }) => fn) : []),
  ]);

describe("the interpreter and the plain reference agree on random queries over random tables", () => {
  const agreed: Agreement[] = [];

  it.each(Array.from({ length: BATCHES }, (_, i) => i))("batch %i", (batch) => {
    for (let i = 0; i < BATCH; i++) agreed.push(check(1 + batch * BATCH + i));
  });

  it("on 2,000 or more, every operator and join among them, most with rows", () => {
    expect(agreed.length).toBeGreaterThanOrEqual(2000);
    const counts = new Map<string, number>();
    for (const name of agreed.flatMap(({ query }) => operators(query))) counts.set(name, (counts.get(name) ?? 0) + 1);
    expect(Object.fromEntries([...counts].filter(([, count]) => count < 40))).toEqual({});
    expect(counts.size).toBe(36);
    expect(agreed.filter(({ rows }) => rows > 0).length).toBeGreaterThan(agreed.length / 2);
  });
});
