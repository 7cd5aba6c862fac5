import type { ApprovalSet } from "./approval.ts";
import { approve } from "./approve.ts";
import type { Evidence } from "./evidence.ts";
import type { Detection } from "./pack.ts";
import { approvalSubjectOf, review } from "./review.ts";
import type { Cause, Sighting } from "./sighting.ts";
import { encodeEvidence } from "./stored-evidence.ts";
import type { SightingRecord } from "./stores/sightings-store.ts";

/** The decision about a stored sighting. */
export type StoredDecision =
  | { readonly kind: "announce"; readonly cause: Cause; readonly evidence: Evidence }
  | { readonly kind: "save-quietly"; readonly sighting: Sighting; readonly evidence?: Evidence }
  | { readonly kind: "nothing" };

/** Decides about a stored sighting. Pure. */
export type StoredPolicy = (sighting: SightingRecord, detection: Detection) => StoredDecision;

const NOTHING: StoredDecision = { kind: "nothing" };

/**
 * The policy of the review: decides by the approvals alone, on stored evidence.
 * @param refreshed evidence of a sighting that was queried again, because an approval compares more than the stored evidence holds
 */
export const decideByApprovals =
  (
    set: ApprovalSet,
    now: Date,
    refreshed: (sighting: SightingRecord) => Evidence | undefined = () => undefined,
  ): StoredPolicy =>
  (stored, detection) => {
    const evidence = refreshed(stored) ?? stored.evidence;
    const outcome = review({ ...stored, evidence }, detection.tool, set, now);
    if (outcome.kind === "announce") return { kind: "announce", cause: "approval-ended", evidence };
    if (outcome.kind === "keep")
      return outcome.note ? { kind: "save-quietly", sighting: { ...plainSighting(stored), ...outcome.note } } : NOTHING;
    // R13: evidence that can't be stored whole could not be evaluated again.
    if (evidence !== stored.evidence && !encodeEvidence(evidence, stored).whole) return NOTHING;
    const { approvalId } = outcome;
    const expected = { disposition: "expected", approvalId, approvalsVersion: set.version, decidedAt: now } as const;
    return { kind: "save-quietly", evidence, sighting: { ...plainSighting(stored), ...expected } };
  };

/** The policy of the recheck: decides by stored and newly found evidence. New activity that no approval covers is announced. */
export const decideByNewEvidence =
  (found: (sighting: SightingRecord) => Evidence | undefined, set: ApprovalSet, now: Date): StoredPolicy =>
  (stored, detection) => {
    const evidence = found(stored);
    if (stored.disposition !== "expected" || stored.approvalsVersion > set.version || !evidence) return NOTHING;
    const verdict = approve(approvalSubjectOf(stored, detection.tool), evidence, set.approvals, now);
    // R13: evidence that can't be stored whole could not be evaluated again.
    if (!verdict.covered || !encodeEvidence(evidence, stored).whole)
      return { kind: "announce", cause: "new-activity", evidence };
    const covered = { approvalId: verdict.approvalId, approvalsVersion: set.version };
    return { kind: "save-quietly", sighting: { ...plainSighting(stored), ...covered }, evidence };
  };

/** The same policy, which decides once about each record. A record that is read again is another one. */
export function decideOnce(policy: StoredPolicy): StoredPolicy {
  const decisions = new WeakMap<SightingRecord, StoredDecision>();
  return (stored, detection) => {
    const decision = decisions.get(stored) ?? policy(stored, detection);
    decisions.set(stored, decision);
    return decision;
  };
}

/** The sighting of a record, without evidence and ETag: the columns that are written back. */
export function plainSighting(record: SightingRecord): Sighting {
  const { evidence: _e, deviceGroup: _g, counterfeit: _c, etag: _t, ...sighting } = record;
  return sighting;
}
