import type { Value } from "../value.ts";

/**
 * A row of a relation: values, or rows of other relations (the pair of a join, the branch of a union). Only the getters of the
 * relation's columns know its shape: operators that rename, drop or compute columns change getters and copy no row.
 */
export type Row = readonly Value[];

export type Getter = (row: Row) => Value;

export interface BoundColumn {
  readonly name: string;
  readonly type: string;
  readonly get: Getter;
}

/** A lazy table: `scan` pushes rows to `emit` until that returns true ("enough"). May be scanned any number of times. */
export interface Relation {
  readonly columns: readonly BoundColumn[];
  /** Ingestion time of a row, while the rows come straight from a table. */
  readonly ingested?: Getter;
  readonly scan: (emit: (row: Row) => boolean) => void;
}

/** Getter of the value at an index, for a row of values. */
export function at(index: number): Getter {
  return (row) => row[index] ?? null;
}

/** A getter that caches its value for a row: several later operators may read a computed column. */
export function remembered(get: Getter): Getter {
  let last: Row | undefined;
  let value: Value = null;
  return (row) => {
    if (row !== last) {
      value = get(row);
      last = row;
    }
    return value;
  };
}

/** A relation over rows of values. */
export function materialised(
  columns: readonly { readonly name: string; readonly type: string }[],
  rows: Iterable<readonly Value[]>,
): Relation {
  return {
    columns: columns.map(({ name, type }, index) => ({ name, type, get: at(index) })),
    scan: (emit) => {
      for (const row of rows) if (emit(row)) return;
    },
  };
}

export const columnNamed = (relation: Relation, name: string): BoundColumn | undefined =>
  relation.columns.find((column) => column.name === name);
