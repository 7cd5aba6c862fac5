import type { Approval, ApprovalSubject, Verdict } from "./approval.ts";
import { includesText, printable } from "./approve/actor.ts";
import { uncoveredArrival, describePiece } from "./approve/arrival.ts";
import { runAgainst } from "./approve/run.ts";
import type { Evidence } from "./evidence.ts";

/**
 * Decides whether an approval covers a sighting, by all of its evidence. Returns the first approval, in the order of ids, that covers
 * it; otherwise the reason of each approval that names the tool. Pure; the order of approvals and of evidence does not matter.
 *
 * An approval covers a sighting where every piece of arrival evidence is covered. On devices that it lists one by one it also covers
 * a sighting without arrival evidence that was there before the list was made (`preexisting`). In both cases no run evidence may
 * contradict it. Never covered: by an expired approval, a counterfeit, or with evidence that is not whole (R13).
 */
export function approve(
  subject: ApprovalSubject,
  evidence: Evidence,
  approvals: readonly Approval[],
  now: Date,
): Verdict {
  const reasons: { approvalId: string; reason: string }[] = [];
  const concerned = approvals
    .filter(({ tools }) => tools.includes(subject.tool))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (const approval of concerned) {
    const reason = objection(approval, subject, evidence, now);
    if (reason === undefined)
      return { covered: true, approvalId: approval.id, reason: grounds(approval, subject, evidence) };
    reasons.push({ approvalId: approval.id, reason });
  }
  return { covered: false, reasons };
}

/** Days before its end in which an approval is logged as expiring. */
export const EXPIRING_DAYS = 14;

/** Whether an approval is in force. It ends at the instant of its `expires`. */
export const isInForce = ({ expires }: Pick<Approval, "expires">, now: Date): boolean => now < expires;

function objection(approval: Approval, subject: ApprovalSubject, evidence: Evidence, now: Date): string | undefined {
  if (!isInForce(approval, now)) return `it expired on ${approval.expires.toISOString()}`;
  if (subject.counterfeit) return "the tool's certificate is not trusted: a counterfeit is never covered";
  if (evidence.missing.length > 0)
    return `not everything could be looked at: ${evidence.missing.map(printable).join("; ")}`;
  const listed = isListed(approval, subject);
  if (!listed && !includesText(approval.devices.groups ?? [], subject.deviceGroup))
    return `the device ${printable(subject.deviceName) || printable(subject.deviceId)} is none of its devices`;
  const arrivals = evidence.pieces.filter(({ kind }) => kind === "arrival");
  return (
    outsideSession(approval, subject, evidence) ??
    inUserFolder(approval, evidence) ??
    (arrivals.length === 0
      ? notPreexisting(approval, subject, listed)
      : uncoveredArrival(arrivals, approval.arrival)) ??
    runAgainst(evidence.pieces, approval)
  );
}

const isListed = ({ devices: { names = [] } }: Approval, subject: ApprovalSubject): boolean =>
  includesText(names, subject.deviceName) || includesText(names, subject.deviceId);

function notPreexisting(
  { preexisting, made }: Approval,
  subject: ApprovalSubject,
  listed: boolean,
): string | undefined {
  if (!preexisting) return "nothing shows how the tool got there: there is no arrival evidence";
  if (!listed)
    return "nothing shows how the tool got there, and what was there before is covered on listed devices only";
  if (!made || subject.firstSeen >= made)
    return "nothing shows how the tool got there, and it was not there yet when the devices were listed";
  return undefined;
}

function outsideSession({ session }: Approval, subject: ApprovalSubject, { pieces }: Evidence): string | undefined {
  if (!session) return undefined;
  const outside = pieces.find(({ at }) => at < session.validFrom || at > session.validTo);
  if (outside) return `${describePiece(outside)}: outside the session`;
  return subject.firstSeen < session.validFrom ? "the tool was there before the session began" : undefined;
}

/**
 * A user can write to their own folder, so a genuine file there can be sideloaded. Exempt are sessions, whose applets run there, and
 * logons of a controller, which copies its files there under its account.
 */
function inUserFolder({ session, arrival }: Approval, { pieces }: Evidence): string | undefined {
  if (session || arrival?.logon) return undefined;
  const found = pieces.find(({ path }) => /^[a-z]:\\users\\/i.test(path));
  return found && `${describePiece(found)}: it lies in a user's folder`;
}

function grounds(approval: Approval, subject: ApprovalSubject, { pieces }: Evidence): string {
  const where = isListed(approval, subject) ? "a device that it lists" : `the group ${printable(subject.deviceGroup)}`;
  const arrivals = pieces.filter(({ kind }) => kind === "arrival").length;
  const how =
    arrivals === 0
      ? "there before the devices were listed"
      : `all evidence of how it got there is covered (${arrivals} event${arrivals === 1 ? "" : "s"})`;
  return `${where}; ${how}; no run evidence contradicts it. Ticket ${approval.ticket}, expires ${approval.expires.toISOString()}`;
}
