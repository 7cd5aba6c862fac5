import type { Pack, QueryWindow } from "./pack.ts";
import type { Slice } from "./slice.ts";
import type { TableFreshness } from "./freshness.ts";

/** Kinds of sources. */
export const SOURCE_KINDS = ["log-analytics"] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** A source's labels in messages, logs and the state. */
export interface SourceLabel {
  /** GUID, lower-case: of a Log Analytics workspace its customer id. */
  readonly id: string;
  /** From the settings. */
  readonly name: string;
  readonly kind: SourceKind;
  /** GUID of its tenant, for messages. */
  readonly tenant?: string;
}

/**
 * A source of rows, as a run uses it. Log Analytics is one kind; Defender XDR over Graph has to fit in without changes. Every method
 * throws `SourceError` and nothing else.
 */
export interface Source extends SourceLabel {
  /** Greatest number of rows in one answer. A result near this number is queried in slices the next time. */
  readonly maxRows: number;
  /** Queries the rows of a pack: raw records, columns by name. Rejects with `too-large` or `timeout`, so that the caller slices. */
  query(pack: Pack, window: QueryWindow, slice: Slice): Promise<RowsAnswer>;
  /** Queries the freshness of all tables at once, as of `now`. */
  freshness(tables: readonly string[], now: Date): Promise<readonly TableFreshness[]>;
  /**
   * Queries the events around candidates: one query for each 500 devices, and one each for scheduled tasks and logons where they are
   * requested. A failed query is reported in `missing`; only a missing right rejects, as it does for every query. Answers stay in
   * memory: a few megabytes a query.
   */
  evidence(pack: Pack, request: EvidenceRequest): Promise<EvidenceAnswer>;
}

/** The devices and the window for which evidence is requested. */
export interface EvidenceRequest {
  /** Devices for which file and process events are queried. Lower-case ids, as in rows. */
  readonly devices: readonly string[];
  /**
   * Events with an event time in `from`…`to`, or ingested since `since` and within `horizon`. A recheck of events ingested since a
   * mark has `from` equal to `to`. Certificates, clients and logons are queried over the whole horizon.
   */
  readonly window: QueryWindow;
  /** Devices for which an approval compares scheduled tasks, or network logons. */
  readonly tasks: readonly string[];
  readonly logons: readonly string[];
}

export type SourceRecord = Readonly<Record<string, unknown>>;

/** Raw records of the three kinds of evidence query, for `evidenceOf`. */
export interface EvidenceAnswer {
  /** Number of queries that were sent. */
  readonly queries: number;
  readonly pieces: readonly SourceRecord[];
  readonly tasks: readonly SourceRecord[];
  readonly logons: readonly SourceRecord[];
  /** Devices with incomplete evidence, with the reason. */
  readonly missing: readonly { readonly devices: readonly string[]; readonly reason: string }[];
}

/** All records of a small answer. Discards the answer. */
export function drainRecords(answer: RowsAnswer): readonly SourceRecord[] {
  const records = [...answer.batches].flat();
  answer.discard();
  return records;
}

/** The answer to a query for rows. */
export interface RowsAnswer {
  /** False: the service returned only part of the result. Its rows may make a sighting new, nothing else (R18). */
  readonly complete: boolean;
  /** Why the answer is not complete, as the service states it. */
  readonly partialReason?: string;
  /** Number of records. */
  readonly count: number;
  /**
   * The records, parsed while they are iterated. Can be iterated again until they are discarded. All records of a device are in one
   * batch, so that those of one key fold there. Batches of one partition of the state follow each other.
   */
  readonly batches: Iterable<readonly SourceRecord[]>;
  /** Frees the records' memory at once, before the next answer needs as much. Without this call the garbage collector frees it. */
  discard(): void;
  /** CPU and size of the query as the service states them, for the log; absent where it states none. */
  readonly statistics?: Readonly<Record<string, unknown>>;
}

/**
 * `authorisation`: 401 or 403; the source fails at once. `transient`: throttled, down, cut off, an empty 200 or a 204, after bounded
 * retries. `too-large`, `timeout`: the query has to read less. `query`: the service refuses the text; only the pack fails.
 */
export type SourceErrorKind = "authorisation" | "transient" | "too-large" | "timeout" | "query";
