import type { ActorCondition, ActorConditions, Approval } from "../approval.ts";
import type { Actor, EvidencePiece } from "../evidence.ts";
import type { Mismatch } from "./actor.ts";
import { originOf } from "../evidence-actor.ts";
import { mismatch, printable } from "./actor.ts";
import { logonReason } from "./logon.ts";

/**
 * Why a piece of arrival evidence is not covered; `undefined` where all of it is.
 *
 * A piece is covered by the conditions, or because its actor is a trusted file of the tool that a covered piece brought before: a
 * setup that the deployment put there and that unpacks the tool, a tool that updates itself. By its hash, or as one of the tool's
 * own files: evidence holds the first and the last file of what one actor did. Every other way in which such a file reached the
 * device is a piece of its own, and has to be covered too.
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
  // The same reason whatever the order in which the rows came.
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

/** Why whose event it is is nobody that `arrival` describes; `undefined` where it is. */
export function originReason(piece: EvidencePiece, arrival: NonNullable<Approval["arrival"]>): string | undefined {
  const actor = originOf(piece);
  if (!actor) return "the Windows Installer did it, and who asked for the installation was not found";
  const { logon } = arrival;
  if (!logon) return conditionsReason(actor, arrival);
  // Of a controller's session the process is its account's, unless the approval names the accounts it changes to.
  const own = { ...arrival, accountSids: arrival.accountSids ?? logon.accountSids };
  return anyReason(actor, [own, ...(arrival.or ?? []).filter(isWhole)]);
}

/** Why an actor is none of those that some conditions describe; `undefined` where it is one. */
export const conditionsReason = (actor: Actor, conditions: ActorConditions): string | undefined =>
  anyReason(actor, [conditions, ...(conditions.or ?? [])].filter(isWhole));

export const describePiece = ({ source, at, path, fileName }: EvidencePiece): string =>
  `${printable(source)} of ${printable(path || fileName) || "the file"} at ${at.toISOString()}`;

/** A signer or a path alone can be had by anybody: a condition without both covers nothing, however it came into the set. */
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
