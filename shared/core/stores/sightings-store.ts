import type { KnownSighting } from "../decide.ts";
import type { StoredSighting } from "../review.ts";
import type { OutboxMessage, Sighting } from "../sighting.ts";
import type { WriteOutcome } from "./write-outcome.ts";

/** The properties of a known sighting that a scan reads: enough to decide, and to refresh it with If-Match. */
export interface SightingVersion {
  readonly lastSeen: Date;
  readonly etag: string;
}

/** A known sighting with its ETag, for an If-Match write. */
export interface KnownRecord extends KnownSighting, SightingVersion {
  /** The encoded evidence; absent: none is stored. */
  readonly stored?: string;
}

/** A known sighting with everything that approvals are compared with. */
export interface SightingRecord extends StoredSighting {
  readonly etag: string;
}

/** One sighting's change. */
export interface SightingChange {
  readonly sighting: Sighting;
  /** Absent: insert-only. */
  readonly etag?: string;
  /** The evidence as `encodeEvidence` returns it; absent: the stored evidence stays. */
  readonly evidence?: string;
  /** A message of the same transaction announces it. */
  readonly announced?: true;
}

/** A sighting that was seen again on a later UTC day. */
export interface SightingRefresh {
  readonly detectionId: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly lastSeen: Date;
  readonly etag: string;
}

/** A filter on stored sightings. */
export interface StoredFilter {
  /** Selects expected sightings, and all those of these detections. With more detections than one filter can name, all are returned. */
  readonly expectedOr: readonly string[];
  /** Selects only sightings after this RowKey. */
  readonly after?: string;
}

/** Reads of known sightings, for runs that write nothing too. Every method throws `StateError` or `StateNewerError`. */
export interface SightingsReader {
  /** Every known sighting of a partition, by RowKey. */
  readVersions(partition: string): Promise<ReadonlyMap<string, SightingVersion>>;
  /** The known sightings among `keys` (RowKeys) of one partition. */
  readKeys(partition: string, keys: readonly string[]): Promise<ReadonlyMap<string, KnownRecord>>;
  /** Sightings of one partition with their evidence, in the order of their RowKeys. Pages are read as they are used. */
  stored(partition: string, filter?: StoredFilter): AsyncGenerator<SightingRecord, void, undefined>;
  /** The sightings among `keys` (RowKeys), with their evidence. */
  storedKeys(partition: string, keys: readonly string[]): Promise<readonly SightingRecord[]>;
  /** Ids of the detections for which devices of one partition are known, by device id. */
  detectionsOn(partition: string, deviceIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** The partition's epoch; `undefined` where it has none. */
  epoch(partition: string): Promise<string | undefined>;
}

/** The `Sightings` table. */
export interface SightingsStore extends SightingsReader {
  /** Makes the partition's epoch unless it has one; returns the epoch that is stored then. */
  makeEpoch(partition: string, epoch: string): Promise<string>;
  /** Replaces the partition's epoch, so that all later message ids differ from earlier ones. For `--announce-again` only. */
  replaceEpoch(partition: string, epoch: string): Promise<void>;
  /** Commits changes of one partition with the messages that announce them: all or nothing. */
  commit(
    partition: string,
    changes: readonly SightingChange[],
    messages: readonly OutboxMessage[],
    now: Date,
  ): Promise<WriteOutcome>;
  /** Moves `lastSeen` of sightings of one partition: all or nothing. */
  refresh(partition: string, refreshes: readonly SightingRefresh[]): Promise<WriteOutcome>;
}

/** Deletes sightings that are out of retention. */
export interface SightingsRetention {
  /**
   * Deletes sightings last seen before `before`, each only in the version that was read, so that one that returns at the same time
   * stays (R8). A sighting with a message in the outbox stays too. Returns the number of deleted sightings by detection id.
   * @throws {StateError} when the table can't be read or written
   */
  deleteExpired(before: Date): Promise<ReadonlyMap<string, number>>;
}
