import type { RunRecord } from "../../shared/core/run-record.ts";
import type { Advance, CoverageStore } from "../../shared/core/stores/coverage-store.ts";
import type { WorldState } from "./world-state.ts";

/** The `Coverage` table. */
export const modelCoverage = (world: WorldState, task: string) =>
  ({
    snapshot: async () => {
      await world.turn(task);
      return {
        units: new Map(world.units),
        epochs: new Map(world.namedEpochs),
        detections: new Map(world.detections),
        marks: world.marks,
        attempts: new Map(world.attempts),
      };
    },
    recordAttempt: async (key, at) => {
      await world.turn(task);
      world.attempts.set(key, at);
    },
    moveReviewMark: async (review) => {
      await world.turn(task);
      const { review: stored } = world.marks;
      const further =
        stored && (stored.version > review.version || (stored.version === review.version && stored.at >= review.at));
      if (!further) world.marks = { ...world.marks, review };
    },
    moveRecheckMark: async (recheck) => {
      await world.turn(task);
      if (!world.marks.recheck || world.marks.recheck < recheck) world.marks = { ...world.marks, recheck };
    },
    saveRecheckPosition: async (recheckPosition) => {
      await world.turn(task);
      const { recheckPosition: _, ...marks } = world.marks;
      world.marks = { ...marks, ...(recheckPosition && { recheckPosition }) };
    },
    nameEpoch: async (partition, epoch) => {
      await world.turn(task);
      if (!world.namedEpochs.has(partition)) world.namedEpochs.set(partition, epoch);
    },
    renameEpoch: async (partition, epoch) => {
      await world.turn(task);
      world.namedEpochs.set(partition, epoch);
    },
    advance: async (advances) => {
      await world.turn(task);
      for (const advance of advances) advanceUnit(world, advance);
    },
    deleteUnits: async (keys) => {
      await world.turn(task);
      for (const key of keys) world.units.delete(key);
    },
    recordDetection: async (id, hash, newDevices, firstSeen) => {
      await world.turn(task);
      const before = world.detections.get(id);
      const earliest = before?.firstSeen && firstSeen && before.firstSeen > firstSeen ? firstSeen : before?.firstSeen;
      const first = earliest ?? firstSeen;
      world.detections.set(id, {
        hash: hash ?? before?.hash ?? "",
        knownDevices: Math.max(0, (before?.knownDevices ?? 0) + newDevices),
        ...(first && { firstSeen: first }),
      });
    },
    recordRun: async (startedAt, _runId, record) => {
      await world.turn(task);
      world.runStarts.set(record, startedAt);
      // The record is written as it was made: run.ts hands its own.
      world.runs.push(record as unknown as RunRecord);
    },
    deleteRuns: async (before) => {
      await world.turn(task);
      const recent = world.runs.filter((record) => (world.runStarts.get(record) ?? before) >= before);
      return world.runs.splice(0, Infinity, ...recent).length - recent.length;
    },
  }) satisfies CoverageStore;

/** As the table does it: forward only under one pack, another version's mark is left alone. */
function advanceUnit(world: WorldState, { key, coveredTo, packHash, priorHash, gapEnd, sliced, cut }: Advance): void {
  const stored = world.units.get(key);
  if (stored && stored.packHash !== packHash && stored.packHash !== priorHash) return;
  const forward = stored?.packHash === packHash && stored.coveredTo > coveredTo ? stored.coveredTo : coveredTo;
  const end = gapEnd && stored?.gapEnd && stored.gapEnd > gapEnd ? stored.gapEnd : (gapEnd ?? stored?.gapEnd);
  world.units.set(key, {
    coveredTo: forward,
    packHash,
    sliced,
    cut,
    etag: world.nextEtag(),
    ...(end && { gapEnd: end }),
  });
}
