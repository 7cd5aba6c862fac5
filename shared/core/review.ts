import type { ApprovalSet, ApprovalSubject, Verdict } from "./approval.ts";
import { approve, isInForce } from "./approve.ts";
import type { Evidence } from "./evidence.ts";
import type { Sighting } from "./sighting.ts";

/** A stored sighting with everything that approvals are compared with. */
export interface StoredSighting extends Sighting {
  /** Group of the device at the last decision; empty: none. */
  readonly deviceGroup: string;
  readonly counterfeit: boolean;
  readonly evidence: Evidence;
}

/** The set of approvals of the last review, and when it ran. Never moves back. */
export interface ReviewMark {
  readonly version: number;
  readonly at: Date;
}

/**
 * The outcome of a review. `announce`: the sighting is expected and no longer covered. `expect`: it is announced and a newer set
 * covers it, so it becomes expected, without a message. `keep`: it stays as it is. `note`, where there is one, is written without a
 * message: it names the set, so that runs with an older set leave the sighting alone (R6), and the approval that covers it now.
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
 * Decides about a stored sighting again, by its stored evidence and the approvals in force at `now`. Pure.
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
  // An announced sighting stays announced under the same set: only a new set by people makes it expected, not the time.
  if (verdict.covered && approvalsVersion < set.version)
    return { kind: "expect", approvalId: verdict.approvalId, reason: verdict.reason };
  return {
    kind: "keep",
    reason: verdict.covered ? `announced by set ${set.version} itself` : whyNot(sighting, verdict),
    ...(approvalsVersion < set.version && { note: { approvalsVersion: set.version } }),
  };
}

/**
 * Whether a review is due: the set is newer than that of the mark, or an approval of the set has expired since the mark. With a set
 * or a time older than the mark no review is due: another run has reviewed later.
 */
export function differs(mark: ReviewMark | undefined, set: ApprovalSet, now: Date): boolean {
  if (mark === undefined) return true;
  if (set.version !== mark.version) return set.version > mark.version;
  return set.approvals.some((approval) => isInForce(approval, mark.at) && !isInForce(approval, now));
}

/** The subject that approvals are compared with, of a stored sighting. */
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
