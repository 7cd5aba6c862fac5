import type { Approval } from "../approval.ts";
import type { EvidencePiece } from "../evidence.ts";
import { isInstaller, isServiceControl } from "../evidence-actor.ts";
import { nameOf } from "./actor.ts";
import { originReason, conditionsReason, what } from "./arrival.ts";

/** What an installation, or a controller's session, starts belongs to it for as long as its client is looked for. */
const INSTALLATION = 30 * 60_000;

/**
 * What of the run evidence speaks against the approval, where all arrival evidence is covered; `undefined` where nothing does.
 * Neutral, neither for nor against: the service control manager, and the tool's own trusted files (its updater). Fine: whom `run`
 * or `arrival` describes; within half an hour of the arrival the Windows Installer that wrote it, and the account of the
 * controller's logon. Everybody else speaks against it: an approved tool that a script starts is what an intruder makes of it.
 */
export function runAgainst(
  pieces: readonly EvidencePiece[],
  { run, arrival }: Pick<Approval, "run" | "arrival">,
): string | undefined {
  const own = new Set(pieces.map(({ sha1 }) => sha1).filter((sha1) => sha1 !== ""));
  const arrivals = pieces.filter(({ kind }) => kind === "arrival");
  const isNear = (piece: EvidencePiece, near: readonly EvidencePiece[]): boolean =>
    near.some(({ at }) => Math.abs(at.getTime() - piece.at.getTime()) <= INSTALLATION);
  const isFine = (piece: EvidencePiece): boolean => {
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
    .filter((piece) => piece.kind === "run" && !isFine(piece))
    .toSorted((a, b) => a.at.getTime() - b.at.getTime() || (a.actor.path < b.actor.path ? -1 : 1));
  return against && `${what(against)}: started by ${nameOf(against.actor)}, which it does not name`;
}
