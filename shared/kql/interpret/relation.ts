import type { Value } from "../value.ts";

/**
 * A row in flight: values, or rows of other relations (a pair of a join, a branch of a union). Its shape is known only to the
 * getters of the relation's columns: operators that rename, drop or compute columns change getters and copy no row.
 */
export type Row = readonly Value[];

export type Getter = (row: Row) => Value;

export interface BoundColumn {
  readonly name: string;
  readonly type: string;
  readonly get: Getter;
}

/** A table in flight: rows are pushed to `emit` until it answers true ("enough"). May be scanned any number of times. */
export interface Relation {
  readonly columns: readonly BoundColumn[];
  /** Ingestion time of a row, while rows are still those of a table. */
  readonly ingested?: Getter;
  readonly scan: (emit: (row: Row) => boolean) => void;
}

/** A value at the index of a row that holds values. */
export function at(index: number): Getter {
  return (row) => row[index] ?? null;
}

/** A getter that computes once a row: a computed column may be read by several later operators. */
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
