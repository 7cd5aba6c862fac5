import type { Approval, Judged } from "../approval.ts";
import type { Actor, EvidencePiece } from "../evidence.ts";
import { includesText, isInstaller, isServiceControl, nameOf } from "./actor.ts";
import { conditionsReason, pieceReason, what } from "./arrival.ts";

/** What an installation starts belongs to it for as long as its client is looked for. */
const INSTALLATION = 30 * 60_000;

/**
 * What of the run evidence speaks against the approval; `undefined` where nothing does. Neutral, neither for nor against: the
 * service control manager, and the tool's own trusted files (its updater). Fine: whom `run` or `arrival` describes, and the
 * Windows Installer within half an hour of an installation that is covered. Everybody else speaks against it: an approved tool
 * that a script starts is what an intruder makes of it.
 */
export function runAgainst(
  of: Pick<Judged, "signers">,
  pieces: readonly EvidencePiece[],
  { run, arrival }: Pick<Approval, "run" | "arrival">,
): string | undefined {
  const own = new Set(pieces.map(({ sha1 }) => sha1).filter((sha1) => sha1 !== ""));
  const installed = pieces.filter(({ kind, actor }) => kind === "arrival" && isInstaller(actor));
  const against = pieces
    .filter(({ kind }) => kind === "run")
    .toSorted((a, b) => a.at.getTime() - b.at.getTime() || (a.actor.path < b.actor.path ? -1 : 1))
    .find((piece) => {
      const { actor } = piece;
      if (isServiceControl(actor) || isOwn(actor, of.signers ?? [], own)) return false;
      // All arrival evidence is covered by now: an installation that is there is a covered one.
      if (isInstaller(actor) && installed.some(({ at }) => Math.abs(at.getTime() - piece.at.getTime()) <= INSTALLATION))
        return false;
      if (run && conditionsReason(actor, run) === undefined) return false;
      return !arrival || pieceReason(piece, arrival) !== undefined;
    });
  return against && `${what(against)}: started by ${nameOf(against.actor)}, which it does not name`;
}

const isOwn = ({ certificate, sha1 }: Actor, signers: readonly string[], own: ReadonlySet<string>): boolean =>
  certificate?.trusted === true && (own.has(sha1) || includesText(signers, certificate.signer));
