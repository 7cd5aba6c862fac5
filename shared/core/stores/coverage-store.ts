import type { UnitCoverage } from "../plan.ts";
import type { ReviewMark } from "../review.ts";

/** Coverage's record of a detection. For messages only; no decision depends on it for safety. */
export interface DetectionRecord {
  readonly hash: string;
  readonly firstSeen?: Date;
  /** Number of known devices, added up with each decision; approximate after conflicts. */
  readonly knownDevices: number;
}

/** Everything of Coverage that a run needs for its plan. Read at once, before the partitions' epochs (`run/epochs.ts`). */
export interface CoverageSnapshot {
  /** By `unitKey`. */
  readonly units: ReadonlyMap<string, CoverageRecord>;
  /** Epoch by partition. */
  readonly epochs: ReadonlyMap<string, string>;
  readonly detections: ReadonlyMap<string, DetectionRecord>;
  readonly marks: Marks;
  /** When a unit was last begun and not completed, by unit key. */
  readonly attempts: ReadonlyMap<string, Date>;
}

/** The marks of the review and of the recheck. Neither ever moves back. */
export interface Marks {
  readonly review?: ReviewMark;
  readonly recheck?: Date;
  /** Position of a recheck that was cut off; absent: no recheck is unfinished. */
  readonly recheckPosition?: RecheckPosition;
}

/** The position of a recheck, by partition and RowKey. */
export interface RecheckPosition {
  /** Start of the recheck, not of the run that continues it. Rows ingested since are left to the next recheck. */
  readonly startedAt: Date;
  readonly partition: string;
  readonly key: string;
  /** True where every sighting up to this position could be rechecked. */
  readonly whole: boolean;
}

/** The slicing of the last successful reading. `sliced`: one answer for all devices was too large. `cut`: so was one for this slice. */
export interface Slicing {
  readonly sliced: boolean;
  readonly cut: boolean;
}

/** The row of a unit as it was read. */
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
  /** The row as the plan read it; saves a read where no other run writes it. Absent: there was no row. */
  readonly stored?: CoverageRecord;
}

/** Key of a unit in Coverage: (source, pack, slice). */
export const unitKey = (source: string, pack: string, slice: string): string => `${source}|${pack}|${slice}`;

/** Reads of Coverage, for runs that write nothing too. */
export interface CoverageReader {
  /** Reads everything that a plan needs. @throws {StateError} {StateNewerError} */
  snapshot(): Promise<CoverageSnapshot>;
}

/** Every write to Coverage. Each throws `StateError` where the table can't be written. */
export interface CoverageWriter {
  /**
   * Moves units forward, all in one transaction, never backwards under the same pack. A conflict with another run is retried. A unit
   * that another version of the pack has marked meanwhile is left to that version.
   */
  advance(advances: readonly Advance[]): Promise<void>;
  /** Records that a unit was begun and not completed, so that other units come first the next time. */
  recordAttempt(key: string, at: Date): Promise<void>;
  /** Deletes the coverage of units, so that the next run reads their whole horizon. */
  deleteUnits(keys: readonly string[]): Promise<void>;
  /** Records a partition's epoch, insert-only. A second run records the same one. */
  nameEpoch(partition: string, epoch: string): Promise<void>;
  /** Records another epoch for a partition: the operator has accepted the loss of the old one. */
  renameEpoch(partition: string, epoch: string): Promise<void>;
  /** Moves the mark of the review forward, never back: another run may have moved it further. */
  moveReviewMark(mark: ReviewMark): Promise<void>;
  /** Moves the mark of the recheck forward, never back. */
  moveRecheckMark(at: Date): Promise<void>;
  /** Saves the position of a recheck; `undefined`: the recheck is complete. */
  saveRecheckPosition(position: RecheckPosition | undefined): Promise<void>;
  /** Records a detection's definition, adds its new devices to the count, and keeps the earliest `firstSeen`. */
  recordDetection(id: string, hash: string | undefined, newDevices: number, firstSeen: Date | undefined): Promise<void>;
  /** Records one run. Keys sort the newest run first. */
  recordRun(startedAt: Date, runId: string, record: Readonly<Record<string, unknown>>): Promise<void>;
  /** Deletes runs that started before `before`; returns how many. */
  deleteRuns(before: Date): Promise<number>;
}

/** The `Coverage` table. */
export interface CoverageStore extends CoverageReader, CoverageWriter {}
