import type { CoverageTable } from "../azure/coverage-table.ts";
import type { SightingsTable } from "../azure/sightings-table.ts";
import type { OutboxMessage } from "../core/sighting.ts";
import type { Service } from "../run/run.ts";

/**
 * The same service with a state that is read and never written, and a queue that is never opened. `told` collects what the
 * run would have announced.
 */
export function dryRun(service: Service): { readonly service: Service; readonly told: readonly OutboxMessage[] } {
  const told: OutboxMessage[] = [];
  const sightings: SightingsTable = {
    ...service.sightings,
    makeEpoch: async (_partition, epoch) => epoch,
    replaceEpoch: async () => {},
    commit: async (_partition, _changes, messages) => {
      told.push(...messages);
      return { kind: "done" };
    },
    refresh: async () => ({ kind: "done" }),
  };
  const waves: Service["waves"] = {
    ...service.waves,
    write: async (_detectionId, _state, _etag, header) => {
      if (header) told.push(header);
      return { kind: "done" };
    },
  };
  const coverage: CoverageTable = {
    ...service.coverage,
    nameEpoch: async () => {},
    renameEpoch: async () => {},
    advance: async () => {},
    moveReviewMark: async () => {},
    moveRecheckMark: async () => {},
    deleteUnits: async () => {},
    recordDetection: async () => {},
    recordRun: async () => {},
    deleteRuns: async () => 0,
  };
  // A state that no run has used yet has no pointer, and is not given one.
  const approvals: Service["approvals"] = {
    ...service.approvals,
    makePointer: async () => {},
    current: async () =>
      (await service.approvals.pointer()) === undefined ? { version: 0, approvals: [] } : service.approvals.current(),
  };
  const relay: Service["relay"] = async () => ({ sent: 0, refused: 0, depth: 0, oldestSeconds: 0 });
  return { service: { ...service, sightings, waves, coverage, approvals, relay }, told };
}
