import { expiryWarning } from "../catalog/approval-file.ts";
import type { Approval } from "../core/approval.ts";
import { EXPIRING_DAYS, isInForce } from "../core/approve.ts";
import { partitionsOf } from "../core/slice.ts";
import type { ApprovalState } from "./approval-state.ts";

export interface ListedApproval {
  readonly id: string;
  readonly status: "active" | "expiring" | "expired";
  readonly expires: Date;
  readonly owner: string;
  readonly ticket: string;
  readonly tools: readonly string[];
  readonly devices: Approval["devices"];
  /** Sightings that are expected because of it; 0 for an active approval means that it is never hit. */
  readonly covers: number;
}

/** The approvals of the current set: how many sightings each covers, and when it expires. */
export async function listApprovals(
  state: ApprovalState,
  now: Date,
): Promise<{ readonly version: number; readonly approvals: readonly ListedApproval[] }> {
  const { version, approvals } = await state.approvals.current();
  const covered = new Map<string, number>();
  for (const partition of partitionsOf("all"))
    for await (const { disposition, approvalId } of state.stored(partition))
      if (disposition === "expected" && approvalId !== undefined)
        covered.set(approvalId, (covered.get(approvalId) ?? 0) + 1);
  return {
    version,
    approvals: approvals.map((approval) => ({
      id: approval.id,
      status: statusOf(approval, now),
      expires: approval.expires,
      owner: approval.owner,
      ticket: approval.ticket,
      tools: approval.tools,
      devices: approval.devices,
      covers: covered.get(approval.id) ?? 0,
    })),
  };
}

export function printApprovals({ version, approvals }: Awaited<ReturnType<typeof listApprovals>>): void {
  for (const { id, status, expires, owner, ticket, tools, devices, covers } of approvals) {
    const where = [...(devices.groups ?? []).map((group) => `group ${group}`), ...few(devices.names ?? [])];
    const hit = covers > 0 ? `covers ${covers}` : status === "expired" ? "covers nothing" : "never hit";
    console.log(
      `${status.padEnd(8)}  ${id}  until ${expires.toISOString().slice(0, 16)}Z  ${hit}  ${tools.join(", ")} on ${where.join(", ")}  ${owner}, ${ticket}`,
    );
  }
  const count = (status: ListedApproval["status"]): number => approvals.filter((one) => one.status === status).length;
  console.log(
    `Set ${version}: ${count("active")} active, ${count("expiring")} expiring in ${EXPIRING_DAYS} days, ${count("expired")} expired.`,
  );
}

function statusOf(approval: Approval, now: Date): ListedApproval["status"] {
  if (!isInForce(approval, now)) return "expired";
  return expiryWarning(approval, now) === undefined ? "active" : "expiring";
}

/** The first names: an approval may list thousands of devices. */
const few = (names: readonly string[]): readonly string[] =>
  names.length <= 3 ? names : [...names.slice(0, 3), `${names.length - 3} more devices`];
