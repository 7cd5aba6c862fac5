import type { KnownSighting } from "../decide.ts";
import type { StoredSighting } from "../review.ts";
import type { OutboxMessage, Sighting } from "../sighting.ts";
import type { WriteOutcome } from "./write-outcome.ts";

/** What a scan reads of a known sighting: enough to decide, and to refresh it with If-Match. */
export interface SightingVersion {
  readonly lastSeen: Date;
  readonly etag: string;
}

/** A known sighting with what an If-Match write needs. */
export interface KnownRecord extends KnownSighting, SightingVersion {
  /** Its evidence as it is stored; absent where none is. */
  readonly stored?: string;
}

/** A known sighting with all that approvals are judged on. */
export interface SightingRecord extends StoredSighting {
  readonly etag: string;
}

/** One sighting's change. */
export interface SightingChange {
  readonly sighting: Sighting;
  /** Absent: insert-only. */
  readonly etag?: string;
  /** As `encodeEvidence` gives it; absent: the stored evidence stays. */
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

/** Which stored sightings are read. */
export interface StoredFilter {
  /** The expected ones, and all of these detections. More detections than one filter can name: all sightings come. */
  readonly expectedOr: readonly string[];
  /** Only those behind this RowKey. */
  readonly after?: string;
}

/** The known sightings, as a run that writes nothing needs them. Every method throws `StateError` or `StateNewerError`. */
export interface SightingsReader {
  /** Every known sighting of a partition, by RowKey. */
  readVersions(partition: string): Promise<ReadonlyMap<string, SightingVersion>>;
  /** The known among `keys` (RowKeys) of one partition. */
  readKeys(partition: string, keys: readonly string[]): Promise<ReadonlyMap<string, KnownRecord>>;
  /** Sightings of one partition with their evidence, in the order of their RowKeys. Pages are read as they are used. */
  stored(partition: string, filter?: StoredFilter): AsyncGenerator<SightingRecord, void, undefined>;
  /** Those among `keys` (RowKeys) with their evidence. */
  storedKeys(partition: string, keys: readonly string[]): Promise<readonly SightingRecord[]>;
  /** Ids of the detections that devices of one partition are known for, by device id. */
  detectionsOn(partition: string, deviceIds: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** The partition's epoch; `undefined` where it has none. */
  epoch(partition: string): Promise<string | undefined>;
}

/** The `Sightings` table. */
export interface SightingsStore extends SightingsReader {
  /** Makes the partition's epoch unless it has one; returns the one that is stored then. */
  makeEpoch(partition: string, epoch: string): Promise<string>;
  /** Gives the partition another epoch, so that all message ids from here on differ from those before. For `--announce-again` only. */
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

/** Deletes what is out of retention. */
export interface SightingsRetention {
  /**
   * Deletes sightings last seen before `before`, each only in the version that was read (R8: one that returns at the same moment stays),
   * and none whose message waits in the outbox. Returns how many, by detection id.
   * @throws {StateError} when the table can't be read or written
   */
  deleteExpired(before: Date): Promise<ReadonlyMap<string, number>>;
}
