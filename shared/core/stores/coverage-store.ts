import type { UnitCoverage } from "../plan.ts";
import type { ReviewMark } from "../review.ts";

/** What Coverage holds of a detection: for messages, not for safety. */
export interface DetectionRecord {
  readonly hash: string;
  readonly firstSeen?: Date;
  /** Devices known, counted up as they are decided; approximate after conflicts. */
  readonly knownDevices: number;
}

/** Everything that a run plans from. Read in one go, before the epochs of the partitions are (`run/epochs.ts`). */
export interface CoverageSnapshot {
  /** By `unitKey`. */
  readonly units: ReadonlyMap<string, CoverageRecord>;
  /** Epoch by partition. */
  readonly epochs: ReadonlyMap<string, string>;
  readonly detections: ReadonlyMap<string, DetectionRecord>;
  readonly marks: Marks;
  /** When a unit was last worked on without coming to its end, by its key. */
  readonly attempts: ReadonlyMap<string, Date>;
}

/** Up to where approvals were reviewed and expected sightings rechecked. Neither ever goes back. */
export interface Marks {
  readonly review?: ReviewMark;
  readonly recheck?: Date;
  /** A recheck that was cut off; absent: none is under way. */
  readonly recheckPosition?: RecheckPosition;
}

/** Up to where a recheck has come, by partition and RowKey. */
export interface RecheckPosition {
  /** Start of the recheck, not of the run that continues it: what was ingested since is for the next recheck. */
  readonly startedAt: Date;
  readonly partition: string;
  readonly key: string;
  /** Every sighting up to here could be rechecked. */
  readonly whole: boolean;
}

/** The slicing of the last reading that worked. `sliced`: one answer for all devices was too much; `cut`: so was one for this slice. */
export interface Slicing {
  readonly sliced: boolean;
  readonly cut: boolean;
}

/** A unit's row as it was read. */
export interface CoverageRecord extends UnitCoverage, Slicing {
  readonly etag: string;
}

/** One unit's advance. `priorHash` is the pack hash that the plan saw. */
export interface Advance extends Slicing {
  readonly key: string;
  readonly coveredTo: Date;
  readonly packHash: string;
  readonly priorHash?: string;
  readonly gapEnd?: Date;
  /** The row as the plan read it: spares a read while nobody else writes. Absent: there was none. */
  readonly stored?: CoverageRecord;
}

/** Key of a unit in Coverage: (source, pack, slice). */
export const unitKey = (source: string, pack: string, slice: string): string => `${source}|${pack}|${slice}`;

/** What a run that writes nothing reads of Coverage. @throws {StateError} {StateNewerError} */
export interface CoverageReader {
  snapshot(): Promise<CoverageSnapshot>;
}

/** Every write to Coverage. Each throws `StateError` where the table can't be written. */
export interface CoverageWriter {
  /**
   * Moves units forward, all in one transaction where nobody interferes. Never backwards under the same pack; a unit that another version of
   * the pack has marked meanwhile is left to that version.
   */
  advance(advances: readonly Advance[]): Promise<void>;
  /** Records that a unit was worked on and did not come to its end, so that others come first the next time. */
  recordAttempt(key: string, at: Date): Promise<void>;
  /** Deletes the coverage of units, so that the next run reads their whole horizon. */
  deleteUnits(keys: readonly string[]): Promise<void>;
  /** Names a partition's epoch, insert-only. A second run names the same one. */
  nameEpoch(partition: string, epoch: string): Promise<void>;
  /** Names another epoch: the operator has accepted the loss. */
  renameEpoch(partition: string, epoch: string): Promise<void>;
  /** Moves the mark of the review forward, never back: another run may have been further. */
  moveReviewMark(mark: ReviewMark): Promise<void>;
  /** Moves the mark of the recheck forward, never back. */
  moveRecheckMark(at: Date): Promise<void>;
  /** Saves up to where a recheck has come; `undefined`: it has come to its end. */
  saveRecheckPosition(position: RecheckPosition | undefined): Promise<void>;
  /** Records a detection's definition, counts its new devices up, and keeps the earliest `firstSeen`. */
  recordDetection(id: string, hash: string | undefined, newDevices: number, firstSeen: Date | undefined): Promise<void>;
  /** Records one run; newest first by key. */
  recordRun(startedAt: Date, runId: string, record: Readonly<Record<string, unknown>>): Promise<void>;
  /** Deletes runs that started before `before`; returns how many. */
  deleteRuns(before: Date): Promise<number>;
}

/** The `Coverage` table. */
export interface CoverageStore extends CoverageReader, CoverageWriter {}
