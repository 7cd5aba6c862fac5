import type { BlindReason, TableFreshness } from "./freshness.ts";
import type { Source } from "./source.ts";
import type { SourceError } from "../errors.ts";

/** The freshness of one source's tables, queried before any other query. */
export interface SourceFreshness {
  readonly source: Source;
  readonly tables: readonly TableFreshness[];
  readonly blind: readonly { readonly table: string; readonly reason: BlindReason }[];
  /** The source can't be queried at all. */
  readonly error?: SourceError;
}

/** Whether rows of this source may be missing: it can't be queried, or a table is blind. */
export const isIncomplete = ({ error, blind }: SourceFreshness): boolean => error !== undefined || blind.length > 0;
