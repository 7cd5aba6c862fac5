import type { QueryResult } from "../../kql/interpret.ts";
import { nearest } from "../../kql/nearest.ts";
import type { Column } from "../../kql/schema.ts";
import { COLUMN_TYPES } from "../../kql/schema.ts";
import { tableOf } from "../../kql/table-data.ts";
import type { Value } from "../../kql/value.ts";
import { isExpected } from "./compare-cells.ts";
import type { TestRow } from "./detection-tests.ts";
import { pairUp } from "./match-rows.ts";
import { showCell } from "./show-cell.ts";
import { cellProblem, recordOf } from "./test-rows.ts";

export type Comparison =
  /** No row can ever match the expectation; `row`: index of the expected row. */
  { readonly misfit: string; readonly row: number } | { readonly differences: readonly RowDifference[] };

/** Cells are texts that `showCell` writes. */
export type RowDifference =
  | { readonly kind: "missing"; readonly expected: Cells }
  | { readonly kind: "unexpected"; readonly actual: Cells }
  /** An expected row without a match, and the nearest unexpected row; `row`: the cells on which they agree. */
  | { readonly kind: "different"; readonly row: Cells; readonly columns: readonly CellDifference[] };

type Cells = Readonly<Record<string, string>>;

interface CellDifference {
  readonly column: string;
  readonly expected: string;
  readonly actual: string;
}

/** Compares a result with the expected rows, in any order. `unordered`: the lists in its cells are sets. */
export function compareRows(
  expect: readonly TestRow[],
  result: QueryResult,
  now: Date,
  unordered: boolean,
): Comparison {
  for (const [row, one] of expect.entries()) {
    const misfit = rowMisfit(one, result.columns, now);
    if (misfit !== undefined) return { misfit, row };
  }
  const columns = result.columns.map(({ name, type }) => ({ name, type: typeOf(type) }));
  const { rows } = tableOf(
    columns,
    expect.map((row) => recordOf(row, columns, now)),
  );
  const wanted = rows.map((values, index) => cellsOf(expect[index] ?? {}, values, columns));
  const unlike = (cells: readonly ExpectedCell[], actual: readonly Value[]): readonly ExpectedCell[] =>
    cells.filter(
      ({ place, value, type, isJson }) => !isExpected(value, actual[place] ?? null, { type, isJson, unordered }),
    );
  const partners = pairUp(wanted.map((cells) => result.rows.map((actual) => unlike(cells, actual).length === 0)));
  const missing = wanted.filter((_, index) => partners[index] === undefined);
  const taken = new Set(partners);
  const left = result.rows.filter((_, index) => !taken.has(index));
  return { differences: differencesOf(missing, left, columns, unlike) };
}

interface ExpectedCell extends Column {
  readonly place: number;
  readonly value: Value;
  readonly isJson: boolean;
}

const typeOf = (type: string): Column["type"] => COLUMN_TYPES.find((known) => known === type) ?? "dynamic";

const cellsOf = (row: TestRow, values: readonly Value[], columns: readonly Column[]): readonly ExpectedCell[] =>
  columns.flatMap(({ name, type }, place) =>
    Object.hasOwn(row, name)
      ? [
          {
            name,
            type,
            place,
            value: values[place] ?? null,
            isJson: typeof row[name] === "object" && row[name] !== null,
          },
        ]
      : [],
  );

/** Why no row with these columns can match the expected row. */
function rowMisfit(row: TestRow, columns: readonly Column[], now: Date): string | undefined {
  for (const [name, given] of Object.entries(row)) {
    const column = columns.find((known) => known.name === name);
    if (column === undefined) {
      const names = columns.map((known) => known.name);
      const near = nearest(name, names);
      return `expect names ${name}, which the result does not have; ${near === undefined ? `it has ${names.join(", ")}` : `did you mean ${near}?`}`;
    }
    const problem = cellProblem(given, column.type, now);
    if (problem !== undefined) return `expect: ${name} ${problem}`;
  }
  return undefined;
}

/** Pairs each missing row with the left-over row that differs in the fewest columns, if the two agree in at least one. */
function differencesOf(
  missing: readonly (readonly ExpectedCell[])[],
  leftOver: readonly (readonly Value[])[],
  columns: readonly Column[],
  unlike: (cells: readonly ExpectedCell[], actual: readonly Value[]) => readonly ExpectedCell[],
): readonly RowDifference[] {
  const left = [...leftOver];
  const found = missing.map((cells): RowDifference => {
    const closest = left
      .map((actual) => ({ actual, differing: unlike(cells, actual) }))
      .filter(({ differing }) => differing.length < cells.length)
      .toSorted((a, b) => a.differing.length - b.differing.length)[0];
    const expected = Object.fromEntries(cells.map(({ name, value, type }) => [name, showCell(value, type)]));
    if (closest === undefined) return { kind: "missing", expected };
    left.splice(left.indexOf(closest.actual), 1);
    return {
      kind: "different",
      row: Object.fromEntries(
        cells
          .filter((cell) => !closest.differing.includes(cell))
          .map(({ name, value, type }) => [name, showCell(value, type)]),
      ),
      columns: closest.differing.map(({ name, value, type, place }) => ({
        column: name,
        expected: showCell(value, type),
        actual: showCell(closest.actual[place] ?? null, type),
      })),
    };
  });
  return [
    ...found,
    ...left.map((actual): RowDifference => ({
      kind: "unexpected",
      actual: Object.fromEntries(columns.map(({ name, type }, place) => [name, showCell(actual[place] ?? null, type)])),
    })),
  ];
}
