import type { Approval } from "../core/approval.ts";
import { review } from "../core/review.ts";
import { partitionsOf } from "../core/slice.ts";
import type { ApprovalState } from "./approval-state.ts";

/** What a set would do to the sightings that the state holds, by tool. */
interface Effect {
  readonly tool: string;
  /** Sightings that it covers. */
  readonly covers: number;
  /** Of these, those that were announced and become expected, silently. */
  readonly silences: number;
  /** Sightings that are expected and that it does not cover: they are announced. */
  readonly ends: number;
}

export interface Preview {
  readonly tools: readonly Effect[];
  /** Sightings covered, by id of the approval; those that cover none are there too. */
  readonly byApproval: ReadonlyMap<string, number>;
  /** Greatest version that a sighting was judged by. */
  readonly latestVersion: number;
}

/** Judges every stored sighting with a set, as a review by a newer set than any would. Reads the whole state, a partition at a time. */
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
        ends: before.ends + (reviewed.kind === "lift" ? 1 : 0),
      });
    }
  }
  const affected = [...tools.values()].filter(({ covers, ends }) => covers + ends > 0);
  return { tools: affected.toSorted((a, b) => (a.tool < b.tool ? -1 : 1)), byApproval, latestVersion };
}

/** The set is newer than any, so that a sighting which stays expected notes the approval. */
function coveringId(reviewed: ReturnType<typeof review>): string | undefined {
  if (reviewed.kind === "expect") return reviewed.approvalId;
  return reviewed.kind === "keep" ? reviewed.note?.approvalId : undefined;
}

/** Lines for people: one a tool, and one that says when nothing changes. */
export function previewLines({ tools }: Preview): readonly string[] {
  if (tools.length === 0) return ["It covers no sighting of the state, and ends none."];
  const width = Math.max(...tools.map(({ tool }) => tool.length));
  return tools.map(
    ({ tool, covers, silences, ends }) =>
      `${tool.padEnd(width)}  covers ${covers} now${silences > 0 ? ` (${silences} of them announced before)` : ""}, ends ${ends}${ends > 0 ? ": they are announced" : ""}`,
  );
}
