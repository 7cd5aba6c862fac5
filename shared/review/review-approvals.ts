import { differs } from "../core/review.ts";
import { sightingKey } from "../core/sighting.ts";
import { partitionsOf } from "../core/slice.ts";
import type { StandingSighting } from "../azure/sightings-table.ts";
import { askAgain } from "./refresh-evidence.ts";
import type { LiftContext } from "./reannounce.ts";
import { SupersededError, assertCurrent, byReview, lift, lookedFor } from "./reannounce.ts";

/** Sightings that are held at once, so that a wave is counted over all partitions where they are few. */
const HELD = 2000;

/**
 * Judges again, on stored evidence, what the approvals in force concern, where they differ from those of the last review (R6):
 * every expected sighting, with or without rows, and the announced ones of the approvals' tools. Before the units, so that a run
 * that is cut off can't starve it. A set that is applied meanwhile ends it; the next run has that one.
 */
export async function reviewApprovals(context: LiftContext & { readonly timeIsUp: () => boolean }): Promise<void> {
  const { service, ledger, approvals, now, log } = context;
  if (!differs(ledger.marks.review, approvals, now)) return;
  const tools = new Set(approvals.approvals.flatMap((approval) => approval.tools));
  const detectionIds = service.packs.flatMap(({ detections }) =>
    detections.flatMap(({ id, tool, supersedes }) => (tools.has(tool) ? [id, ...supersedes] : [])),
  );
  let held: StandingSighting[] = [];
  const reviewHeld = async (): Promise<void> => {
    const asked = await askAgain(held, context);
    const judge = byReview(approvals, now, (of) => asked.get(sightingKey(of)));
    const concerned = held.filter((of) => {
      const found = lookedFor(of.detectionId, service.packs);
      return found && judge(of, found.detection).kind !== "nothing";
    });
    await lift(concerned, judge, context);
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
