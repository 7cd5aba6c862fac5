import type { ActorCondition, ActorConditions, Approval } from "../approval.ts";
import type { Actor, EvidencePiece } from "../evidence.ts";
import type { Mismatch } from "./actor.ts";
import { originOf } from "../evidence-actor.ts";
import { mismatch, printable } from "./actor.ts";
import { logonReason } from "./logon.ts";

/**
 * The reason why the first uncovered piece of arrival evidence is not covered; `undefined` where every piece is covered.
 *
 * A piece is covered where it matches the conditions. It is also covered where its actor is a trusted file that an earlier covered
 * piece brought: a setup that the deployment put there and that unpacks the tool, or a tool that updates itself. The actor is
 * recognised by its hash, or as one of the tool's own files: evidence holds only the first and the last file of one actor. Every
 * other way in which such a file reached the device is a piece of its own and has to be covered too.
 */
export function uncoveredArrival(arrivals: readonly EvidencePiece[], arrival: Approval["arrival"]): string | undefined {
  if (!arrival) return "it says nothing of how the tool may get there, and there is evidence of it";
  const brought = new Map<string, Date>();
  const open = new Map<EvidencePiece, string>();
  const note = ({ sha1, at }: EvidencePiece): void => {
    const earlier = brought.get(sha1);
    if (sha1 !== "" && (!earlier || at < earlier)) brought.set(sha1, at);
  };
  for (const piece of arrivals) {
    const reason = pieceReason(piece, arrival);
    if (reason === undefined) note(piece);
    else open.set(piece, reason);
  }
  for (let before = -1; before !== open.size;) {
    before = open.size;
    for (const piece of open.keys()) {
      if (!comesFromCovered(piece, brought)) continue;
      note(piece);
      open.delete(piece);
    }
  }
  // Sorted, so that the reason does not depend on the order of the rows.
  const [first] = [...open].toSorted(([a], [b]) => a.at.getTime() - b.at.getTime() || (a.path < b.path ? -1 : 1));
  return first && `${describePiece(first[0])}: ${first[1]}`;
}

function pieceReason(piece: EvidencePiece, arrival: NonNullable<Approval["arrival"]>): string | undefined {
  const reason = originReason(piece, arrival);
  if (reason !== undefined) return reason;
  const { logon, taskAction } = arrival;
  if (taskAction !== undefined && !sameAction(piece.task?.action, taskAction))
    return piece.task ? "the task that names the file runs something else" : "no task that names the file was seen";
  return logon && logonReason(piece, logon);
}

/** Why the initiator of this event matches no `arrival` rule of the approval; `undefined` where it matches one. */
export function originReason(piece: EvidencePiece, arrival: NonNullable<Approval["arrival"]>): string | undefined {
  const actor = originOf(piece);
  if (!actor) return "the Windows Installer did it, and who asked for the installation was not found";
  const { logon } = arrival;
  if (!logon) return conditionsReason(actor, arrival);
  // A controller's session runs as the account that logged on, unless the approval names the accounts that it changes to.
  const own = { ...arrival, accountSids: arrival.accountSids ?? logon.accountSids };
  return anyReason(actor, [own, ...(arrival.or ?? []).filter(isWhole)]);
}

/** Why an actor matches none of the conditions; `undefined` where it matches one. */
export const conditionsReason = (actor: Actor, conditions: ActorConditions): string | undefined =>
  anyReason(actor, [conditions, ...(conditions.or ?? [])].filter(isWhole));

/** A piece of evidence for reasons: its event, file and time. */
export const describePiece = ({ source, at, path, fileName }: EvidencePiece): string =>
  `${printable(source)} of ${printable(path || fileName) || "the file"} at ${at.toISOString()}`;

/** A condition needs both a signer and a path, since an attacker can obtain either one alone. Without both it covers nothing. */
const isWhole = ({ signer, paths }: ActorCondition): boolean => signer !== undefined && paths !== undefined;

function anyReason(actor: Actor, conditions: readonly ActorCondition[]): string | undefined {
  let nearest: Mismatch | undefined;
  for (const condition of conditions) {
    const found = mismatch(actor, condition);
    if (!found) return undefined;
    if (!nearest || found.passed > nearest.passed) nearest = found;
  }
  return nearest?.reason ?? "no condition has both a signer and a path";
}

function comesFromCovered(piece: EvidencePiece, brought: ReadonlyMap<string, Date>): boolean {
  const actor = originOf(piece);
  if (!actor?.certificate?.trusted) return false;
  const since = piece.ownTool && actor === piece.actor ? [...brought.values()] : [brought.get(actor.sha1)];
  return since.some((at) => at !== undefined && at <= piece.at);
}

const sameAction = (action: string | undefined, wanted: string): boolean =>
  action !== undefined && squeezed(action) === squeezed(wanted);

const squeezed = (text: string): string => text.trim().replaceAll(/\s+/g, " ").toLowerCase();
