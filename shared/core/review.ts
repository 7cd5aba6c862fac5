import type { ApprovalSet, ApprovalSubject, Verdict } from "./approval.ts";
import { approve, isInForce } from "./approve.ts";
import type { Evidence } from "./evidence.ts";
import type { Sighting } from "./sighting.ts";

/** A sighting with all that approvals are judged on, as the state keeps it. */
export interface StoredSighting extends Sighting {
  /** Group of the device when it was last decided; empty: none. */
  readonly deviceGroup: string;
  readonly counterfeit: boolean;
  readonly evidence: Evidence;
}

/** When approvals were last reviewed, and with which set. Never goes back. */
export interface ReviewMark {
  readonly version: number;
  readonly at: Date;
}

/**
 * What a review does with a sighting. `announce`: expected, and no longer covered. `expect`: announced, and a newer set
 * covers it: expected from here on, silently. `keep`: as it is; `note`, where there is one, is written beside it, silently, so
 * that an older set leaves it alone (R6) and the approval that covers it now is named.
 */
export type Review =
  | { readonly kind: "announce"; readonly reason: string }
  | { readonly kind: "expect"; readonly approvalId: string; readonly reason: string }
  | {
      readonly kind: "keep";
      readonly reason: string;
      readonly note?: { readonly approvalsVersion: number; readonly approvalId?: string };
    };

/**
 * Judges a stored sighting again, on its stored evidence, with the approvals in force at `now`. Pure.
 * @param tool slug of its detection's tool
 */
export function review(sighting: StoredSighting, tool: string, set: ApprovalSet, now: Date): Review {
  const approvalsVersion = sighting.approvalsVersion;
  if (approvalsVersion > set.version)
    return { kind: "keep", reason: `judged by set ${approvalsVersion}, which is newer than set ${set.version}` };
  const verdict = approve(approvalSubjectOf(sighting, tool), sighting.evidence, set.approvals, now);
  if (sighting.disposition === "expected") {
    if (!verdict.covered) return { kind: "announce", reason: whyNot(sighting, verdict) };
    const changed = verdict.approvalId !== sighting.approvalId || approvalsVersion < set.version;
    return {
      kind: "keep",
      reason: verdict.reason,
      ...(changed && { note: { approvalsVersion: set.version, approvalId: verdict.approvalId } }),
    };
  }
  // The set that announced it goes on announcing it: what changes its mind is a decision of people, not of the clock.
  if (verdict.covered && approvalsVersion < set.version)
    return { kind: "expect", approvalId: verdict.approvalId, reason: verdict.reason };
  return {
    kind: "keep",
    reason: verdict.covered ? `announced by set ${set.version} itself` : whyNot(sighting, verdict),
    ...(approvalsVersion < set.version && { note: { approvalsVersion: set.version } }),
  };
}

/**
 * Whether a review is due: the set is newer than the one of the mark, or an approval of it has expired since. A set or a moment
 * older than the mark never is: another run was further.
 */
export function differs(mark: ReviewMark | undefined, set: ApprovalSet, now: Date): boolean {
  if (mark === undefined) return true;
  if (set.version !== mark.version) return set.version > mark.version;
  return set.approvals.some((approval) => isInForce(approval, mark.at) && !isInForce(approval, now));
}

/** What of a stored sighting is judged. */
export const approvalSubjectOf = (sighting: StoredSighting, tool: string): ApprovalSubject => ({
  tool,
  deviceId: sighting.deviceId,
  deviceName: sighting.deviceName,
  deviceGroup: sighting.deviceGroup,
  firstSeen: sighting.firstSeen,
  counterfeit: sighting.counterfeit,
});

function whyNot(sighting: StoredSighting, { reasons }: Extract<Verdict, { covered: false }>): string {
  const own = reasons.find(({ approvalId }) => approvalId === sighting.approvalId);
  if (own) return `${own.approvalId}: ${own.reason}`;
  if (sighting.approvalId !== undefined)
    return `${sighting.approvalId} is no longer among the approvals, or no longer names the tool`;
  const [first] = reasons;
  return first ? `${first.approvalId}: ${first.reason}` : "no approval names the tool";
}
