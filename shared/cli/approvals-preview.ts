import type { Approval } from "../core/approval.ts";
import { review } from "../core/review.ts";
import { partitionsOf } from "../core/slice.ts";
import type { ApprovalState } from "./approval-state.ts";

/** The effect of a set on the stored sightings of one tool. */
interface Effect {
  readonly tool: string;
  /** Sightings that the set covers. */
  readonly covers: number;
  /** Covered sightings that were announced and become expected, without a message. */
  readonly silences: number;
  /** Expected sightings that the set does not cover: they are announced. */
  readonly ends: number;
}

export interface Preview {
  readonly tools: readonly Effect[];
  /** Number of covered sightings by approval id, also 0. */
  readonly byApproval: ReadonlyMap<string, number>;
  /** Newest set version that any sighting was judged by. */
  readonly latestVersion: number;
}

/** Judges every stored sighting as a review with this set would. Reads the whole state, a partition at a time. */
export async function preview(
  approvals: readonly Approval[],
  { stored, toolOf }: Pick<ApprovalState, "stored" | "toolOf">,
  now: Date,
): Promise<Preview> {
  const set = { version: Number.MAX_SAFE_INTEGER, approvals };
  const tools = new Map<string, Effect>();
  const byApproval = new Map(approvals.map(({ id }) => [id, 0]));
  let latestVersion = 0;
  for (const partition of partitionsOf("all")) {
    for await (const sighting of stored(partition)) {
      latestVersion = Math.max(latestVersion, sighting.approvalsVersion ?? 0);
      const tool = toolOf(sighting.detectionId);
      const reviewed = review(sighting, tool, set, now);
      const approvalId = coveringId(reviewed);
      if (approvalId !== undefined) byApproval.set(approvalId, (byApproval.get(approvalId) ?? 0) + 1);
      const before = tools.get(tool) ?? { tool, covers: 0, silences: 0, ends: 0 };
      tools.set(tool, {
        tool,
        covers: before.covers + (approvalId === undefined ? 0 : 1),
        silences: before.silences + (reviewed.kind === "expect" ? 1 : 0),
        ends: before.ends + (reviewed.kind === "announce" ? 1 : 0),
      });
    }
  }
  const affected = [...tools.values()].filter(({ covers, ends }) => covers + ends > 0);
  return { tools: affected.toSorted((a, b) => (a.tool < b.tool ? -1 : 1)), byApproval, latestVersion };
}

/** The approval that covers a sighting. The set counts as the newest, so also a sighting that stays expected names its approval. */
function coveringId(reviewed: ReturnType<typeof review>): string | undefined {
  if (reviewed.kind === "expect") return reviewed.approvalId;
  return reviewed.kind === "keep" ? reviewed.note?.approvalId : undefined;
}

/** Lines for people: one for each tool, or one that states that nothing changes. */
export function previewLines({ tools }: Preview): readonly string[] {
  if (tools.length === 0) return ["It covers no sighting in the state, and ends none."];
  const width = Math.max(...tools.map(({ tool }) => tool.length));
  return tools.map(
    ({ tool, covers, silences, ends }) =>
      `${tool.padEnd(width)}  covers ${covers} now${silences > 0 ? ` (${silences} of them announced before)` : ""}, ends ${ends}${ends > 0 ? ": they are announced" : ""}`,
  );
}
