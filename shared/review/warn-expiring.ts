import type { Approval } from "../core/approval.ts";
import { EXPIRING_DAYS, isInForce } from "../core/approve.ts";
import type { Logger } from "../logger.ts";

const DAY = 86_400_000;

/**
 * Warns of approvals in force that end within `EXPIRING_DAYS`: the sightings that they cover are announced then. Once a day, with the daily
 * recheck; with every run while there is no recheck, which is logged as well.
 * @param lastRecheck the recheck mark as the run found it
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
      "the sightings that this approval covers are announced when it ends; renew it or let it end",
    );
  }
}
