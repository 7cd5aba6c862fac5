import type { Approval } from "../core/approval.ts";
import { isInForce } from "../core/approve.ts";
import type { Evidence } from "../core/evidence.ts";
import { refreshEvidence } from "../core/evidence-fold.ts";
import type { QueryWindow } from "../core/pack.ts";
import { sightingKey } from "../core/sighting.ts";
import type { SightingRecord } from "../azure/sightings-table.ts";
import type { ReviewContext } from "./reannounce.ts";
import { withActiveId, findActiveDetection } from "./reannounce.ts";
import { createEvidenceLookup } from "../evidence/collect.ts";
import { EVIDENCE_BATCH } from "../announce/announce-context.ts";

/**
 * Logons and scheduled tasks of sightings that were told before any approval compared them: looked up now, in the workspace that showed
 * the sighting. By sighting key; none where it could not be looked at, and the next review of a changed set tries again.
 */
export async function refreshStoredEvidence(
  sightings: readonly SightingRecord[],
  context: ReviewContext,
): Promise<ReadonlyMap<string, Evidence>> {
  const { service, approvals, now } = context;
  // What this set has judged is judged: a review that is cut off goes on with the others.
  const concerned = sightings.filter(
    (of) => of.approvalsVersion < approvals.version && lacks(of, toolOf(of, context), approvals.approvals, now),
  );
  const found = new Map<string, Evidence>();
  for (const [name, ofWorkspace] of Map.groupBy(concerned, ({ workspace }) => workspace)) {
    const source = service.workspaces.find((one) => one.name === name)?.source;
    if (!source) continue;
    for (const [pack, ofPack] of Map.groupBy(
      ofWorkspace,
      (of) => findActiveDetection(of.detectionId, service.packs)?.pack,
    )) {
      if (!pack?.evidence) continue;
      const window = wholeHorizon(now, service.settings.horizon);
      const candidates = ofPack.map((of) => withActiveId(of, service.packs));
      const look = await createEvidenceLookup(candidates, {
        ...context,
        source,
        pack,
        window,
        approvals: approvals.approvals,
      });
      for (let i = 0; i < ofPack.length; i += EVIDENCE_BATCH) {
        const batch = ofPack.slice(i, i + EVIDENCE_BATCH);
        const around = await look(candidates.slice(i, i + EVIDENCE_BATCH));
        for (const of of batch) {
          const evidence = around.get(sightingKey(withActiveId(of, service.packs)));
          if (evidence && evidence.missing.length === 0)
            found.set(sightingKey(of), refreshEvidence(of.evidence, evidence));
        }
      }
    }
  }
  return found;
}

const toolOf = (of: SightingRecord, { service }: ReviewContext): string =>
  findActiveDetection(of.detectionId, service.packs)?.detection.tool ?? "";

/** An approval in force compares of an announced sighting what nobody has asked for. */
function lacks(of: SightingRecord, tool: string, approvals: readonly Approval[], now: Date): boolean {
  if (of.disposition !== "announced") return false;
  const arrivals = of.evidence.pieces.filter(({ kind }) => kind === "arrival");
  return approvals.some(
    (approval) =>
      isInForce(approval, now) &&
      approval.tools.includes(tool) &&
      ((approval.arrival?.logon !== undefined && arrivals.some(({ logons }) => logons === undefined)) ||
        (approval.arrival?.taskAction !== undefined && arrivals.some(({ task }) => task === undefined))),
  );
}

const wholeHorizon = (now: Date, horizon: number): QueryWindow => {
  const from = new Date(now.getTime() - horizon);
  return { from, to: now, since: now, horizon: from };
};
