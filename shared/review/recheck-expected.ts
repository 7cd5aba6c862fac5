import { findActiveDetection } from "../core/active-detection.ts";
import type { SourceFreshness } from "../core/source-freshness.ts";
import { isIncomplete } from "../core/source-freshness.ts";
import { partitionOf, partitionsOf } from "../core/slice.ts";
import type { RecheckPosition } from "../core/stores/coverage-store.ts";
import { sightingRowKey } from "../core/stores/sighting-key.ts";
import { SupersededError } from "../errors.ts";
import { EVIDENCE_BATCH } from "../evidence/collect.ts";
import type { RecheckItem } from "./recheck-batch.ts";
import { recheckBatch } from "./recheck-batch.ts";
import type { ReviewContext, Timed } from "./review-context.ts";
import { assertCurrent } from "./review-context.ts";

const DAY = 86_400_000;

/**
 * Once a day: collects the events around the expected sightings since the last recheck, in every source, by ingestion time (R7). New evidence
 * is stored with the old and the whole is judged again; what no approval covers is announced. A recheck that failed anywhere leaves its mark
 * where it was. One that is cut off is continued by the next run.
 */
export async function recheckExpected(
  context: ReviewContext & Timed,
  freshness: readonly SourceFreshness[],
): Promise<void> {
  const { snapshot, coverage, now, log } = context;
  const mark = snapshot.marks.recheck;
  if (mark && now.getTime() - mark.getTime() < DAY) return;
  // Before the first recheck there is nothing that a run has not collected when it decided.
  if (!mark) return coverage.moveRecheckMark(now);
  const incomplete = freshness.filter(isIncomplete);
  if (incomplete.length > 0) {
    log.warn(
      { event: "recheck.failed", sources: incomplete.map(({ source }) => source.name) },
      "the daily recheck of expected sightings needs every source; the next run tries again",
    );
    return;
  }
  const before = snapshot.marks.recheckPosition;
  let end: RecheckEnd;
  try {
    end = await recheckPartitions(mark, before, context);
  } catch (error) {
    if (!(error instanceof SupersededError)) throw error;
    log.info({ event: "recheck.superseded", reason: error.message }, "the next run rechecks with the newer approvals");
    return;
  }
  if (end === "cut-off") return;
  if (before) await coverage.saveRecheckPosition(undefined);
  if (end === "whole") await coverage.moveRecheckMark(before?.startedAt ?? now);
  else
    log.warn(
      { event: "recheck.failed" },
      "not all evidence around the expected sightings could be collected; the next run tries again",
    );
}

/** `partial`: some evidence could not be collected. `cut-off`: the time is up, and the position is saved. */
type RecheckEnd = "whole" | "partial" | "cut-off";

/** Rechecks the expected sightings behind the position. */
async function recheckPartitions(
  mark: Date,
  before: RecheckPosition | undefined,
  context: ReviewContext & Timed,
): Promise<RecheckEnd> {
  const since = new Date(mark.getTime() - context.settings.overlap);
  const startedAt = before?.startedAt ?? context.now;
  const partitions = partitionsOf("all");
  const first = Math.max(0, partitions.indexOf(before?.partition ?? ""));
  let whole = before?.whole ?? true;
  let position = before;
  for await (const batch of batchesFrom(partitions.slice(first), before, context)) {
    if (context.timeIsUp()) {
      if (position !== before) await context.coverage.saveRecheckPosition(position);
      return "cut-off";
    }
    whole = (await recheckBatch(batch, since, context)) && whole;
    const last = batch.at(-1)?.sighting;
    if (last) position = { startedAt, partition: partitionOf(last.deviceId), key: sightingRowKey(last), whole };
  }
  return whole ? "whole" : "partial";
}

/** The expected sightings in full evidence batches, behind the position. */
async function* batchesFrom(
  partitions: readonly string[],
  before: RecheckPosition | undefined,
  context: ReviewContext,
): AsyncGenerator<readonly RecheckItem[], void, undefined> {
  let batch: RecheckItem[] = [];
  for (const partition of partitions) {
    await assertCurrent(context);
    const after = partition === before?.partition ? { after: before.key } : {};
    for await (const sighting of context.sightings.stored(partition, { expectedOr: [], ...after })) {
      const pack = findActiveDetection(sighting.detectionId, context.packs)?.pack;
      if (!pack?.evidence) continue;
      batch.push({ sighting, pack });
      if (batch.length < EVIDENCE_BATCH) continue;
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
