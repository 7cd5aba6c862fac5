import type { Approval } from "../approval.ts";
import type { EvidencePiece } from "../evidence.ts";
import { isInstaller, isServiceControl } from "../evidence-actor.ts";
import { nameOf } from "./actor.ts";
import { originReason, conditionsReason, describePiece } from "./arrival.ts";

/** Milliseconds around an arrival in which a start belongs to it. The same as the reach in which an installation's client is searched. */
const INSTALLATION = 30 * 60_000;

/**
 * The reason why run evidence contradicts the approval, where all arrival evidence is covered; `undefined` where none does.
 * Allowed starters: the service control manager; the tool's own trusted files (its updater); actors that match `run` or `arrival`.
 * Within half an hour of the arrival also the Windows Installer that wrote it, and the account of the controller's logon. Any other
 * starter contradicts the approval: an intruder may start an approved tool from a script.
 */
export function runAgainst(
  pieces: readonly EvidencePiece[],
  { run, arrival }: Pick<Approval, "run" | "arrival">,
): string | undefined {
  const own = new Set(pieces.map(({ sha1 }) => sha1).filter((sha1) => sha1 !== ""));
  const arrivals = pieces.filter(({ kind }) => kind === "arrival");
  const isNear = (piece: EvidencePiece, near: readonly EvidencePiece[]): boolean =>
    near.some(({ at }) => Math.abs(at.getTime() - piece.at.getTime()) <= INSTALLATION);
  const isAllowed = (piece: EvidencePiece): boolean => {
    const { actor } = piece;
    if (isServiceControl(actor)) return true;
    if (actor.certificate?.trusted && (piece.ownTool || own.has(actor.sha1))) return true;
    const installed = arrivals.filter((one) => isInstaller(one.actor));
    if (isInstaller(actor) && isNear(piece, installed)) return true;
    if (run && conditionsReason(actor, run) === undefined) return true;
    if (!arrival || originReason(piece, arrival) !== undefined) return false;
    return !arrival.logon || isNear(piece, arrivals);
  };
  const [against] = pieces
    .filter((piece) => piece.kind === "run" && !isAllowed(piece))
    .toSorted((a, b) => a.at.getTime() - b.at.getTime() || (a.actor.path < b.actor.path ? -1 : 1));
  return against && `${describePiece(against)}: started by ${nameOf(against.actor)}, which it does not name`;
}
