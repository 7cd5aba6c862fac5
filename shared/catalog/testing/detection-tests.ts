/** Tests of one query: what a `*.test.yaml` holds, or what code makes for a generated query. */
export interface DetectionTests<C extends DetectionCase = DetectionCase> {
  /** What `now()` is in every case. */
  readonly now: Date;
  readonly cases: readonly C[];
}

export interface DetectionCase {
  readonly name: string;
  /** Rows by table. A table that is left out is empty. */
  readonly tables: Readonly<Record<string, readonly TestRow[]>>;
  /** The rows that the query answers, in any order; only the columns that a row names are compared. */
  readonly expect: readonly TestRow[];
}

/**
 * Columns by name, those that matter. Times are ISO texts or relative to `now` (`test-time.ts`); dynamics are lists, maps and
 * scalars; whole numbers may be bigint.
 */
export type TestRow = Readonly<Record<string, unknown>>;
