import type { Approval } from "../core/approval.ts";
import { EXPIRING_DAYS, isInForce } from "../core/approve.ts";
import type { Logger } from "../logger.ts";

const DAY = 86_400_000;

/**
 * Warns of approvals in force that end within `EXPIRING_DAYS`: what they cover is announced then. Once a day, as the daily look
 * goes; with every run while there is no look, which is said as well.
 * @param lastLook the look mark as the run found it
 */
export function warnExpiring(
  approvals: readonly Approval[],
  lastRecheck: Date | undefined,
  now: Date,
  log: Logger,
): void {
  if (lastRecheck && now.getTime() - lastRecheck.getTime() < DAY) return;
  for (const approval of approvals) {
    if (!isInForce(approval, now) || isInForce(approval, new Date(now.getTime() + EXPIRING_DAYS * DAY))) continue;
    const { id, expires, owner, ticket, tools } = approval;
    log.warn(
      { event: "approval.expiring", approvalId: id, expires, owner, ticket, tools },
      "what this approval covers is announced when it ends; renew it or let it end",
    );
  }
}
