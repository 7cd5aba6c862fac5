import { findActiveDetection, withActiveId } from "../core/active-detection.ts";
import type { Approval } from "../core/approval.ts";
import { isInForce } from "../core/approve.ts";
import type { Evidence } from "../core/evidence.ts";
import { refreshEvidence } from "../core/evidence-fold.ts";
import type { Pack } from "../core/pack.ts";
import { wholeHorizon } from "../core/pack.ts";
import { sightingKey } from "../core/sighting.ts";
import type { Source } from "../core/source.ts";
import { chunksOf } from "../core/split-list.ts";
import type { SightingRecord } from "../core/stores/sightings-store.ts";
import { createEvidenceLookup, EVIDENCE_BATCH } from "../evidence/collect.ts";
import type { ReviewContext } from "./review-context.ts";

/**
 * Queries logons and scheduled tasks of sightings that were announced before any approval compared them, in the source that showed the
 * sighting. Returns the refreshed evidence by sighting key; none where something is missing, and the next review of a changed set tries again.
 */
export async function refreshStoredEvidence(
  sightings: readonly SightingRecord[],
  context: ReviewContext,
): Promise<ReadonlyMap<string, Evidence>> {
  const { approvals, packs, sources } = context;
  // A sighting that this set has judged is done: a review that is cut off goes on with the others.
  const concerned = sightings.filter(
    (sighting) => sighting.approvalsVersion < approvals.version && lacksEvidence(sighting, context),
  );
  const refreshed = new Map<string, Evidence>();
  for (const [name, ofSource] of Map.groupBy(concerned, (sighting) => sighting.source)) {
    const source = sources.find((one) => one.name === name);
    if (!source) continue;
    const byPack = Map.groupBy(ofSource, ({ detectionId }) => findActiveDetection(detectionId, packs)?.pack);
    for (const [pack, ofPack] of byPack) {
      if (!pack?.evidence) continue;
      for (const [key, evidence] of await refreshOfPack(ofPack, pack, source, context)) refreshed.set(key, evidence);
    }
  }
  return refreshed;
}

async function refreshOfPack(
  sightings: readonly SightingRecord[],
  pack: Pack,
  source: Source,
  context: ReviewContext,
): Promise<ReadonlyMap<string, Evidence>> {
  const { packs, now, settings } = context;
  const lookup = await createEvidenceLookup(
    sightings.map((sighting) => withActiveId(sighting, packs)),
    { ...context, source, pack, window: wholeHorizon(now, settings.horizon), approvals: context.approvals.approvals },
  );
  const refreshed = new Map<string, Evidence>();
  for (const batch of chunksOf(sightings, EVIDENCE_BATCH)) {
    const found = await lookup(batch.map((sighting) => withActiveId(sighting, packs)));
    for (const sighting of batch) {
      const evidence = found.get(sightingKey(withActiveId(sighting, packs)));
      if (evidence && evidence.missing.length === 0)
        refreshed.set(sightingKey(sighting), refreshEvidence(sighting.evidence, evidence));
    }
  }
  return refreshed;
}

/** An approval in force compares something of an announced sighting that was never queried. */
function lacksEvidence(sighting: SightingRecord, { approvals, packs, now }: ReviewContext): boolean {
  if (sighting.disposition !== "announced") return false;
  const tool = findActiveDetection(sighting.detectionId, packs)?.detection.tool ?? "";
  const arrivals = sighting.evidence.pieces.filter(({ kind }) => kind === "arrival");
  const comparesMore = ({ arrival }: Approval): boolean =>
    (arrival?.logon !== undefined && arrivals.some(({ logons }) => logons === undefined)) ||
    (arrival?.taskAction !== undefined && arrivals.some(({ task }) => task === undefined));
  return approvals.approvals.some(
    (approval) => isInForce(approval, now) && approval.tools.includes(tool) && comparesMore(approval),
  );
}
