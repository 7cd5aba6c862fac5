import type { Pack, QueryWindow } from "./pack.ts";
import type { Slice } from "./slice.ts";
import type { TableFreshness } from "./freshness.ts";

/** Kinds of sources. */
export const SOURCE_KINDS = ["log-analytics"] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** How messages, logs and the state name a source. */
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
 * Where rows come from, as a run knows it. Log Analytics is one kind; Defender XDR over Graph must fit in unchanged. Every method throws
 * `SourceError` and nothing else.
 */
export interface Source extends SourceLabel {
  /** Rows that one answer can hold: a result near it is cut into slices the next time. */
  readonly maxRows: number;
  /** Raw records of a pack, its columns by name. Rejects on too large or timed out, so that the caller slices. */
  query(pack: Pack, window: QueryWindow, slice: Slice): Promise<RowsAnswer>;
  /** One query for all tables: what each shows of its own freshness, as of `now`. */
  freshness(tables: readonly string[], now: Date): Promise<readonly TableFreshness[]>;
  /**
   * What there is around candidates: a query for each 500 devices, and one each for scheduled tasks and logons where asked. What
   * fails is said in `missing`; only a missing right rejects, as it does for every query. Answers stay in memory: a few megabytes
   * a query.
   */
  evidence(pack: Pack, ask: EvidenceAsk): Promise<EvidenceAnswer>;
}

/** Which devices to look around, and when. */
export interface EvidenceAsk {
  /** Lower-case ids, as in rows: those whose files are looked at. */
  readonly devices: readonly string[];
  /**
   * Events with their time in `from`…`to`, or ingested since `since` and within `horizon`. A look at what came in since a mark
   * has its `from` at `to`. Certificates, clients and logons are looked up over the whole horizon.
   */
  readonly window: QueryWindow;
  /** Devices on which an approval asks for scheduled tasks, or for network logons. */
  readonly tasks: readonly string[];
  readonly logons: readonly string[];
}

export type SourceRecord = Readonly<Record<string, unknown>>;

/** Raw records of the three kinds of query, for `evidenceOf`. */
export interface EvidenceAnswer {
  /** Queries that were sent. */
  readonly asked: number;
  readonly pieces: readonly SourceRecord[];
  readonly tasks: readonly SourceRecord[];
  readonly logons: readonly SourceRecord[];
  /** What could not be looked at and why, of which devices. */
  readonly missing: readonly { readonly devices: readonly string[]; readonly reason: string }[];
}

/** All records of an answer that is small, its memory given back. */
export function drainRecords(answer: RowsAnswer): readonly SourceRecord[] {
  const records = [...answer.batches].flat();
  answer.discard();
  return records;
}

export interface RowsAnswer {
  /** False: the service returned only part of the result. Its rows may make a sighting new, nothing else. */
  readonly complete: boolean;
  /** Why it is not complete, in the service's words. */
  readonly partialReason?: string;
  /** How many records it has. */
  readonly count: number;
  /**
   * The records, parsed as they are taken; can be taken again until they are discarded. All of a device are in one portion, so that
   * those of one key fold there; portions of one partition of the state follow each other.
   */
  readonly batches: Iterable<readonly SourceRecord[]>;
  /** Gives the records' memory back before the next answer needs as much; what is never discarded goes when it is collected. */
  discard(): void;
  /** CPU and size as the service states them, for the log; absent where it states none. */
  readonly statistics?: Readonly<Record<string, unknown>>;
}

/**
 * `authorisation`: 401, 403: the source fails at once. `transient`: throttled, down, cut off, an empty 200 or a 204, after
 * bounded retries. `too-large`, `timeout`: ask for less. `query`: the service refuses the text; the pack fails alone.
 */
export type SourceErrorKind = "authorisation" | "transient" | "too-large" | "timeout" | "query";
