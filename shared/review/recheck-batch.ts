import { withActiveId } from "../core/active-detection.ts";
import { decideByApprovals, decideByNewEvidence, decideOnce } from "../core/decide-stored.ts";
import type { StoredPolicy } from "../core/decide-stored.ts";
import type { Evidence } from "../core/evidence.ts";
import { NO_EVIDENCE } from "../core/evidence.ts";
import { mergeEvidence, hasNewFacts } from "../core/evidence-fold.ts";
import type { Pack } from "../core/pack.ts";
import { ingestedSince, wholeHorizon } from "../core/pack.ts";
import { sightingKey } from "../core/sighting.ts";
import type { SightingRecord } from "../core/stores/sightings-store.ts";
import { createEvidenceLookup } from "../evidence/collect.ts";
import { reannounce } from "./reannounce.ts";
import type { ReviewContext } from "./review-context.ts";

/** A sighting that is rechecked, with the pack of its active detection. */
export interface RecheckItem {
  readonly sighting: SightingRecord;
  readonly pack: Pack;
}

/** Rechecks one batch. False where some evidence is missing: then nothing of the batch is announced. */
export async function recheckBatch(
  batch: readonly RecheckItem[],
  since: Date,
  context: ReviewContext,
): Promise<boolean> {
  const found = await collectSince(batch, since, context);
  if (!found) return false;
  const { approvals, packs } = context;
  const foundOf = (sighting: SightingRecord): Evidence | undefined =>
    found.get(sightingKey(withActiveId(sighting, packs)));
  const changed = batch
    .map(({ sighting }) => sighting)
    .filter((sighting) => (foundOf(sighting)?.pieces.length ?? 0) > 0 || sighting.approvalsVersion < approvals.version);
  await reannounce(changed, decideOnce(recheckPolicy(foundOf, context)), context);
  return true;
}

/** By the new evidence; where that changes nothing, by the approvals. */
function recheckPolicy(
  foundOf: (sighting: SightingRecord) => Evidence | undefined,
  { approvals, now }: ReviewContext,
): StoredPolicy {
  const byNewEvidence = decideByNewEvidence(
    (sighting) => {
      const evidence = foundOf(sighting);
      const whole = evidence && mergeEvidence(sighting.evidence, evidence);
      return whole && hasNewFacts(whole.pieces, sighting.evidence.pieces) ? whole : undefined;
    },
    approvals,
    now,
  );
  // R6: a run with an older set may have written one after the newer set's review.
  const byApprovals = decideByApprovals(approvals, now);
  return (sighting, detection) => {
    const decision = byNewEvidence(sighting, detection);
    return decision.kind === "nothing" && sighting.disposition === "expected"
      ? byApprovals(sighting, detection)
      : decision;
  };
}

/** The evidence of all sources, by the key of the active detection; `undefined` where some is missing. */
async function collectSince(
  batch: readonly RecheckItem[],
  since: Date,
  context: ReviewContext,
): Promise<ReadonlyMap<string, Evidence> | undefined> {
  const { packs, now, settings, sources } = context;
  const found = new Map<string, Evidence>();
  for (const [pack, ofPack] of Map.groupBy(batch, (item) => item.pack)) {
    const sightings = ofPack.map(({ sighting }) => withActiveId(sighting, packs));
    // A run collected evidence up to its decision at most, and a review collects none: a recent decision reads the whole horizon.
    const recent = sightings.filter(({ decidedAt }) => decidedAt >= since);
    const settled = sightings.filter(({ decidedAt }) => decidedAt < since);
    for (const [group, window] of [
      [settled, ingestedSince(since, now, settings.horizon)],
      [recent, wholeHorizon(now, settings.horizon)],
    ] as const)
      for (const source of sources) {
        const lookup = await createEvidenceLookup(group, {
          ...context,
          source,
          pack,
          window,
          approvals: context.approvals.approvals,
        });
        for (const [key, evidence] of await lookup(group)) {
          if (evidence.missing.length > 0) return undefined;
          found.set(key, mergeEvidence(found.get(key) ?? NO_EVIDENCE, evidence));
        }
      }
  }
  return found;
}
