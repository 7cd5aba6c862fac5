import type { CoverageTable } from "../azure/coverage-table.ts";
import type { Retention } from "../azure/retention.ts";
import type { Logger } from "../logger.ts";

const DAY = 86_400_000;

/** Runs are kept this long; the log has them longer. Design §9 of the functions: 90 days. */
const RUNS_KEPT_DAYS = 90;

export interface PurgeResult {
  readonly sightings: number;
  readonly runs: number;
}

/** Deletes sightings not seen for `retentionDays`, never one with a message in the outbox, and old runs. */
export async function purge(of: {
  readonly retention: Retention;
  readonly coverage: CoverageTable;
  readonly retentionDays: number;
  readonly now: Date;
  readonly log: Logger;
}): Promise<PurgeResult> {
  const { retention, coverage, now, log } = of;
  const before = new Date(now.getTime() - of.retentionDays * DAY);
  const deleted = await retention.deleteExpired(before);
  for (const [detectionId, count] of deleted) await coverage.recordDetection(detectionId, undefined, -count, undefined);
  const sightings = [...deleted.values()].reduce((sum, count) => sum + count, 0);
  const runs = await coverage.deleteRuns(new Date(now.getTime() - RUNS_KEPT_DAYS * DAY));
  log.info({ event: "retain.completed", sightings, runs, before }, "retention completed");
  return { sightings, runs };
}
