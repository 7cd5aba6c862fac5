import { findActiveDetection } from "../core/active-detection.ts";
import { decideByApprovals, decideOnce } from "../core/decide-stored.ts";
import { differs } from "../core/review.ts";
import { sightingKey } from "../core/sighting.ts";
import { partitionsOf } from "../core/slice.ts";
import type { SightingRecord } from "../core/stores/sightings-store.ts";
import { SupersededError } from "../errors.ts";
import { reannounce } from "./reannounce.ts";
import { refreshStoredEvidence } from "./refresh-evidence.ts";
import type { ReviewContext, Timed } from "./review-context.ts";
import { assertCurrent } from "./review-context.ts";

/** Sightings that are held at once, so that a wave is counted over all partitions where there are few. */
const MAX_HELD = 2000;

/**
 * Judges sightings again, on stored evidence, where the approvals in force differ from those of the last review (R6): every expected
 * sighting, with or without rows, and the announced ones of the approvals' tools. It runs before the units, so that a run that is cut off
 * can't starve it. A set that is applied meanwhile ends it; the next run has that set.
 */
export async function reviewApprovals(context: ReviewContext & Timed): Promise<void> {
  const { snapshot, approvals, now, log } = context;
  if (!differs(snapshot.marks.review, approvals, now)) return;
  try {
    if (!(await reviewPartitions(context))) return;
  } catch (error) {
    if (!(error instanceof SupersededError)) throw error;
    log.info({ event: "review.superseded", reason: error.message }, "the next run reviews with the newer approvals");
    return;
  }
  await context.coverage.moveReviewMark({ version: approvals.version, at: now });
}

/** False when the time is up before the end. */
async function reviewPartitions(context: ReviewContext & Timed): Promise<boolean> {
  const expectedOr = concernedDetections(context);
  let held: SightingRecord[] = [];
  for (const partition of partitionsOf("all")) {
    if (context.timeIsUp()) return false;
    await assertCurrent(context);
    for await (const sighting of context.sightings.stored(partition, { expectedOr })) {
      held.push(sighting);
      if (held.length < MAX_HELD) continue;
      await reviewSightings(held, context);
      held = [];
    }
  }
  await reviewSightings(held, context);
  return true;
}

async function reviewSightings(sightings: readonly SightingRecord[], context: ReviewContext): Promise<void> {
  const { approvals, packs, now } = context;
  const refreshed = await refreshStoredEvidence(sightings, context);
  const policy = decideOnce(decideByApprovals(approvals, now, (sighting) => refreshed.get(sightingKey(sighting))));
  const concerned = sightings.filter((sighting) => {
    const active = findActiveDetection(sighting.detectionId, packs);
    return active && policy(sighting, active.detection).kind !== "nothing";
  });
  await reannounce(concerned, policy, context);
}

/** Ids of the detections whose tools an approval names, superseded ids too. */
function concernedDetections({ approvals, packs }: ReviewContext): readonly string[] {
  const tools = new Set(approvals.approvals.flatMap((approval) => approval.tools));
  return packs.flatMap(({ detections }) =>
    detections.flatMap(({ id, tool, supersedes }) => (tools.has(tool) ? [id, ...supersedes] : [])),
  );
}
