import type { CoverageWriter } from "../core/stores/coverage-store.ts";
import type { SightingsRetention } from "../core/stores/sightings-store.ts";
import type { Logger } from "../logger.ts";

const DAY = 86_400_000;

/** Runs are kept this long; the log has them longer. */
const RUNS_KEPT_DAYS = 90;

export interface PurgeResult {
  readonly sightings: number;
  readonly runs: number;
}

export interface PurgeOptions {
  readonly retention: SightingsRetention;
  readonly coverage: Pick<CoverageWriter, "recordDetection" | "deleteRuns">;
  readonly retentionDays: number;
  readonly now: Date;
  readonly log: Logger;
}

/** Deletes sightings not seen for `retentionDays`, never one with a message in the outbox, and old runs. */
export async function purge({ retention, coverage, retentionDays, now, log }: PurgeOptions): Promise<PurgeResult> {
  const before = new Date(now.getTime() - retentionDays * DAY);
  const deleted = await retention.deleteExpired(before);
  for (const [detectionId, count] of deleted) await coverage.recordDetection(detectionId, undefined, -count, undefined);
  const sightings = [...deleted.values()].reduce((sum, count) => sum + count, 0);
  const runs = await coverage.deleteRuns(new Date(now.getTime() - RUNS_KEPT_DAYS * DAY));
  log.info({ event: "retain.completed", sightings, runs, before }, "retention completed");
  return { sightings, runs };
}
