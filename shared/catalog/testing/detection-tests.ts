/** Tests of one query, from a `*.test.yaml` or made by code for a generated query. */
export interface DetectionTests<C extends DetectionCase = DetectionCase> {
  /** The value of `now()` in every case. */
  readonly now: Date;
  readonly cases: readonly C[];
}

export interface DetectionCase {
  readonly name: string;
  /** Rows by table. A table without an entry is empty. */
  readonly tables: Readonly<Record<string, readonly TestRow[]>>;
  /** The expected result rows, in any order. Only the columns that a row names are compared. */
  readonly expect: readonly TestRow[];
}

/**
 * The columns that matter, by name. Times are ISO texts or relative to `now` (`test-time.ts`); dynamics are lists, maps and
 * scalars; whole numbers may be bigint.
 */
export type TestRow = Readonly<Record<string, unknown>>;
