import type { ApprovalsReader, ApprovalsStore } from "../core/stores/approvals-store.ts";
import type { CoverageReader, CoverageWriter } from "../core/stores/coverage-store.ts";
import type { SightingsReader } from "../core/stores/sightings-store.ts";
import type { WaveReader, WaveRecord, WaveStore } from "../core/stores/wave-store.ts";
import type { OutboxMessage } from "../core/sighting.ts";
import type { Service } from "../run/run-context.ts";
import { drySightings } from "./dry-sightings.ts";

/** The parts of a service that a dry run uses: its state can only be read. */
export interface DryRunParts extends Pick<
  Service,
  "settings" | "packs" | "sources" | "clock" | "newId" | "log" | "stopping"
> {
  readonly sightings: SightingsReader;
  readonly coverage: CoverageReader;
  readonly waves: WaveReader;
  readonly approvals: ApprovalsReader;
}

export interface DryRun {
  readonly service: Service;
  /** The messages that a run would put into the outbox. */
  readonly announced: readonly OutboxMessage[];
}

/**
 * A service that reads a state and can't write it, and never opens the queue. It has no writer, so that a new method of a store is a type error
 * here and not a write.
 */
export function dryRun(parts: DryRunParts): DryRun {
  const announced: OutboxMessage[] = [];
  const { sightings, coverage, waves, approvals, ...rest } = parts;
  return {
    service: {
      ...rest,
      sightings: drySightings(sightings, announced),
      coverage: { snapshot: () => coverage.snapshot(), ...NO_COVERAGE_WRITES },
      waves: wavesOf(waves, announced),
      approvals: approvalsOf(approvals),
      relay: async () => ({ sent: 0, refused: 0, depth: 0, oldestSeconds: 0 }),
    },
    announced,
  };
}

const NO_COVERAGE_WRITES: CoverageWriter = {
  advance: async () => {},
  recordAttempt: async () => {},
  deleteUnits: async () => {},
  nameEpoch: async () => {},
  renameEpoch: async () => {},
  moveReviewMark: async () => {},
  moveRecheckMark: async () => {},
  saveRecheckPosition: async () => {},
  recordDetection: async () => {},
  recordRun: async () => {},
  deleteRuns: async () => 0,
};

/** Counts on from what this run has counted, with If-Match between its units: a wave is opened once. */
function wavesOf(reader: WaveReader, announced: OutboxMessage[]): WaveStore {
  const counted = new Map<string, WaveRecord>();
  let version = 0;
  return {
    read: async (detectionId) => counted.get(detectionId) ?? reader.read(detectionId),
    write: async (detectionId, state, etag, header) => {
      const before = counted.get(detectionId);
      if (before && before.etag !== etag) return { kind: "conflict" };
      counted.set(detectionId, { state, etag: `dry-${++version}` });
      if (header) announced.push(header);
      return { kind: "done" };
    },
  };
}

/** A state that no run has used yet has no pointer, and a dry run makes none: it decides by the empty set. */
const approvalsOf = (reader: ApprovalsReader): ApprovalsStore => ({
  pointer: async () => (await reader.pointer()) ?? 0,
  current: async () => ((await reader.pointer()) === undefined ? { version: 0, approvals: [] } : reader.current()),
  makePointer: async () => {},
  apply: async (_approvals, expectedVersion) => ({ kind: "conflict", stored: expectedVersion }),
});
