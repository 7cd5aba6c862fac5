import type { CoverageTable } from "./azure/coverage-table.ts";
import type { Change, SightingsTable } from "./azure/sightings-table.ts";
import type { Service } from "./run.ts";

/**
 * The same service with a state that is read and never written, and a queue that is never opened. `told` collects what the
 * run would have announced.
 */
export function dryRun(service: Service): { readonly service: Service; readonly told: readonly Change[] } {
  const told: Change[] = [];
  const sightings: SightingsTable = {
    ...service.sightings,
    makeEpoch: async (_partition, epoch) => epoch,
    replaceEpoch: async () => {},
    commit: async (_partition, changes) => {
      told.push(...changes.filter(({ message }) => message !== undefined));
      return { kind: "done" };
    },
    refresh: async () => ({ kind: "done" }),
  };
  const coverage: CoverageTable = {
    ...service.coverage,
    nameEpoch: async () => {},
    renameEpoch: async () => {},
    advance: async () => {},
    forgetUnits: async () => {},
    noteDetection: async () => {},
    recordRun: async () => {},
    forgetRuns: async () => 0,
  };
  const relay: Service["relay"] = async () => ({ sent: 0, refused: 0, depth: 0, oldestSeconds: 0 });
  return { service: { ...service, sightings, coverage, relay }, told };
}
