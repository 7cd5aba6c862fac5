import { differs } from "../core/review.ts";
import { sightingKey } from "../core/sighting.ts";
import { partitionsOf } from "../core/slice.ts";
import type { SightingRecord } from "../azure/sightings-table.ts";
import { refreshStoredEvidence } from "./refresh-evidence.ts";
import type { ReviewContext } from "./reannounce.ts";
import { SupersededError, assertCurrent, decideByApprovals, reannounce, findActiveDetection } from "./reannounce.ts";

/** Sightings that are held at once, so that a wave is counted over all partitions where they are few. */
const HELD = 2000;

/**
 * Judges again, on stored evidence, what the approvals in force concern, where they differ from those of the last review (R6):
 * every expected sighting, with or without rows, and the announced ones of the approvals' tools. Before the units, so that a run
 * that is cut off can't starve it. A set that is applied meanwhile ends it; the next run has that one.
 */
export async function reviewApprovals(context: ReviewContext & { readonly timeIsUp: () => boolean }): Promise<void> {
  const { service, snapshot, approvals, now, log } = context;
  if (!differs(snapshot.marks.review, approvals, now)) return;
  const tools = new Set(approvals.approvals.flatMap((approval) => approval.tools));
  const detectionIds = service.packs.flatMap(({ detections }) =>
    detections.flatMap(({ id, tool, supersedes }) => (tools.has(tool) ? [id, ...supersedes] : [])),
  );
  let held: SightingRecord[] = [];
  const reviewHeld = async (): Promise<void> => {
    const asked = await refreshStoredEvidence(held, context);
    const policy = decideByApprovals(approvals, now, (of) => asked.get(sightingKey(of)));
    const concerned = held.filter((of) => {
      const found = findActiveDetection(of.detectionId, service.packs);
      return found && policy(of, found.detection).kind !== "nothing";
    });
    await reannounce(concerned, policy, context);
    held = [];
  };
  try {
    for (const partition of partitionsOf("all")) {
      if (context.timeIsUp()) return;
      await assertCurrent(context);
      for await (const sighting of service.sightings.stored(partition, { expectedOr: detectionIds })) {
        held.push(sighting);
        if (held.length >= HELD) await reviewHeld();
      }
    }
    await reviewHeld();
  } catch (error) {
    if (!(error instanceof SupersededError)) throw error;
    log.info({ event: "review.superseded", reason: error.message }, "the next run reviews with the newer approvals");
    return;
  }
  await service.coverage.moveReviewMark({ version: approvals.version, at: now });
}
