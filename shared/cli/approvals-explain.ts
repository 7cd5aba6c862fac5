import { approve } from "../core/approve.ts";
import { approvalSubjectOf } from "../core/review.ts";
import { findSighting, shownDevice } from "./find-sighting.ts";
import type { ApprovalState } from "./approval-state.ts";

export interface Explanation {
  readonly tool: string;
  readonly device: string;
  readonly disposition: "announced" | "expected";
  readonly approvalId?: string;
  readonly latestVersion?: number;
  readonly version: number;
  readonly verdicts: readonly { readonly approvalId: string; readonly covers: boolean; readonly reason: string }[];
}

/** The verdict of each approval in the current set on a sighting, by its stored evidence, as of `now`. */
export async function explainSighting(name: string, state: ApprovalState, now: Date): Promise<Explanation> {
  const { sighting, tool } = await findSighting(name, state);
  const { version, approvals } = await state.approvals.current();
  return {
    tool,
    device: shownDevice(sighting),
    disposition: sighting.disposition,
    ...(sighting.approvalId !== undefined && { approvalId: sighting.approvalId }),
    ...(sighting.approvalsVersion !== undefined && { latestVersion: sighting.approvalsVersion }),
    version,
    verdicts: approvals.map((approval) => {
      const verdict = approve(approvalSubjectOf(sighting, tool), sighting.evidence, [approval], now);
      if (verdict.covered) return { approvalId: approval.id, covers: true, reason: verdict.reason };
      const reason = verdict.reasons[0]?.reason ?? `it is about ${approval.tools.join(", ")}`;
      return { approvalId: approval.id, covers: false, reason };
    }),
  };
}

export function printExplanation(explanation: Explanation): void {
  const approvedBy = explanation.approvalId === undefined ? "" : ` by ${explanation.approvalId}`;
  const lastReview =
    explanation.latestVersion === undefined ? "judged by no set" : `judged last by set ${explanation.latestVersion}`;
  console.log(
    `${explanation.tool} on ${explanation.device}: ${explanation.disposition}${approvedBy}, ${lastReview}; set ${explanation.version} is current.`,
  );
  for (const { approvalId, covers, reason } of explanation.verdicts)
    console.log(`  ${covers ? "covers" : "does not"}  ${approvalId}: ${reason}`);
  if (explanation.verdicts.length === 0) console.log("  There is no approval.");
}
