import type { Approval, ApprovalSubject, Verdict } from "./approval.ts";
import { includesText, shown } from "./approve/actor.ts";
import { uncoveredArrival, what } from "./approve/arrival.ts";
import { runAgainst } from "./approve/run.ts";
import type { Evidence } from "./evidence.ts";

/**
 * Whether an approval covers a sighting, on all evidence there is. The first that does, by id; else why none does that names the
 * tool. Pure, and the same for any order of approvals and evidence.
 *
 * It covers with arrival evidence of which every piece is covered, or, on devices that it lists one by one, without any where the
 * sighting was there before the list was made (`preexisting`); and only where no run evidence speaks against it. Never: an expired
 * one, a counterfeit, or evidence that is not whole (R13).
 */
export function approve(of: ApprovalSubject, evidence: Evidence, approvals: readonly Approval[], now: Date): Verdict {
  const reasons: { approvalId: string; reason: string }[] = [];
  const concerned = approvals.filter(({ tools }) => tools.includes(of.tool)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (const approval of concerned) {
    const reason = objection(approval, of, evidence, now);
    if (reason === undefined)
      return { covered: true, approvalId: approval.id, reason: grounds(approval, of, evidence) };
    reasons.push({ approvalId: approval.id, reason });
  }
  return { covered: false, reasons };
}

/** Days before its end in which an approval is said to be expiring. */
export const EXPIRING_DAYS = 14;

/** Whether it counts: an approval ends at the instant of its `expires`. */
export const isInForce = ({ expires }: Pick<Approval, "expires">, now: Date): boolean => now < expires;

function objection(approval: Approval, of: ApprovalSubject, evidence: Evidence, now: Date): string | undefined {
  if (!isInForce(approval, now)) return `it expired on ${approval.expires.toISOString()}`;
  if (of.counterfeit) return "the tool's certificate is not trusted: a counterfeit is never covered";
  if (evidence.missing.length > 0)
    return `not everything could be looked at: ${evidence.missing.map(shown).join("; ")}`;
  const listed = isListed(approval, of);
  if (!listed && !includesText(approval.devices.groups ?? [], of.deviceGroup))
    return `the device ${shown(of.deviceName) || shown(of.deviceId)} is none of its devices`;
  const arrivals = evidence.pieces.filter(({ kind }) => kind === "arrival");
  return (
    outsideSession(approval, of, evidence) ??
    inUserFolder(approval, evidence) ??
    (arrivals.length === 0 ? notPreexisting(approval, of, listed) : uncoveredArrival(arrivals, approval.arrival)) ??
    runAgainst(evidence.pieces, approval)
  );
}

const isListed = ({ devices: { names = [] } }: Approval, of: ApprovalSubject): boolean =>
  includesText(names, of.deviceName) || includesText(names, of.deviceId);

function notPreexisting({ preexisting, made }: Approval, of: ApprovalSubject, listed: boolean): string | undefined {
  if (!preexisting) return "nothing shows how the tool got there: there is no arrival evidence";
  if (!listed)
    return "nothing shows how the tool got there, and what was there before is covered on listed devices only";
  if (!made || of.firstSeen >= made)
    return "nothing shows how the tool got there, and it was not there yet when the devices were listed";
  return undefined;
}

function outsideSession({ session }: Approval, of: ApprovalSubject, { pieces }: Evidence): string | undefined {
  if (!session) return undefined;
  const outside = pieces.find(({ at }) => at < session.validFrom || at > session.validTo);
  if (outside) return `${what(outside)}: outside the session`;
  return of.firstSeen < session.validFrom ? "the tool was there before the session began" : undefined;
}

/**
 * A user's folder is anybody's: a genuine file there is ready for sideloading. Applets of a session live there, and so do the
 * files that a controller copies, which come and go as its account.
 */
function inUserFolder({ session, arrival }: Approval, { pieces }: Evidence): string | undefined {
  if (session || arrival?.logon) return undefined;
  const found = pieces.find(({ path }) => /^[a-z]:\\users\\/i.test(path));
  return found && `${what(found)}: it lies in a user's folder`;
}

function grounds(approval: Approval, of: ApprovalSubject, { pieces }: Evidence): string {
  const where = isListed(approval, of) ? "a device that it lists" : `the group ${shown(of.deviceGroup)}`;
  const arrivals = pieces.filter(({ kind }) => kind === "arrival").length;
  const how =
    arrivals === 0
      ? "there before the devices were listed"
      : `all evidence of how it got there is covered (${arrivals} event${arrivals === 1 ? "" : "s"})`;
  return `${where}; ${how}; nothing speaks against it. Ticket ${approval.ticket}, expires ${approval.expires.toISOString()}`;
}
