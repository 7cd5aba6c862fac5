import type { Actor, Evidence, EvidencePiece } from "./evidence.ts";

/**
 * The earliest and the latest piece with the same facts. A condition on time that both meet is also met by every piece between
 * them.
 */
interface Fold {
  first: EvidencePiece;
  last: EvidencePiece;
}

/**
 * Reduces pieces with the same facts to the earliest and the latest of them. Sorted by time; of the same moment arrivals come before
 * runs. The order of the input does not matter, except between pieces that differ only in display texts.
 */
export function foldPieces(pieces: readonly EvidencePiece[]): readonly EvidencePiece[] {
  const folds = new Map<string, Fold>();
  for (const piece of pieces) {
    const facts = pieceFacts(piece);
    const fold = folds.get(facts);
    if (fold === undefined) folds.set(facts, { first: piece, last: piece });
    else if (piece.at < fold.first.at) fold.first = piece;
    else if (piece.at > fold.last.at) fold.last = piece;
  }
  return [...folds]
    .flatMap(([facts, { first, last }]) =>
      first === last ? [{ facts, piece: first }] : [first, last].map((piece) => ({ facts, piece })),
    )
    .toSorted((a, b) => a.piece.at.getTime() - b.piece.at.getTime() || (a.facts < b.facts ? -1 : 1))
    .map(({ piece }) => piece);
}

/** Whether a piece has facts that no known piece has at the same time. */
export function hasNewFacts(pieces: readonly EvidencePiece[], known: readonly EvidencePiece[]): boolean {
  const knownFacts = new Set(known.map((piece) => `${piece.at.getTime()} ${pieceFacts(piece)}`));
  return pieces.some((piece) => !knownFacts.has(`${piece.at.getTime()} ${pieceFacts(piece)}`));
}

/** Known evidence together with what a recheck found; approvals are compared with all of it. Missing evidence stays missing. */
export const mergeEvidence = (known: Evidence, found: Evidence): Evidence => ({
  pieces: foldPieces([...known.pieces, ...found.pieces]),
  missing: [...new Set([...known.missing, ...found.missing])],
});

/**
 * Known evidence that was queried again, because an approval compares facts that were not queried before (logons, scheduled tasks).
 * Pieces found again replace the known ones. Pieces not found again, because the data no longer reach back to them, stay.
 */
export function refreshEvidence(known: Evidence, found: Evidence): Evidence {
  const again = new Set(found.pieces.map(occurrence));
  return {
    pieces: foldPieces([...found.pieces, ...known.pieces.filter((piece) => !again.has(occurrence(piece)))]),
    missing: [...new Set([...known.missing, ...found.missing])],
  };
}

/** Identifies the event of a piece, without its tasks and logons, which are queried only where an approval compares them. */
const occurrence = ({ task: _task, logons: _logons, ...piece }: EvidencePiece): string =>
  `${piece.at.getTime()} ${pieceFacts(piece)}`;

/** Everything of a piece that an approval may compare, except its time. Display texts are left out. */
const pieceFacts = (piece: EvidencePiece): string =>
  JSON.stringify([
    piece.kind,
    piece.path.slice(0, piece.path.lastIndexOf("\\")),
    actorFacts(piece.actor),
    piece.client && actorFacts(piece.client),
    piece.ownTool === true,
    piece.task && [piece.task.name, piece.task.action],
    piece.logons?.map(({ remoteIp, accountSid }) => `${remoteIp} ${accountSid}`).toSorted(),
  ]);

/** Everything of an actor that an approval may compare. */
export const actorFacts = (actor: Omit<Actor, "commandLine">): string =>
  JSON.stringify([
    actor.fileName.toLowerCase(),
    actor.path,
    actor.sha1,
    actor.certificate && [actor.certificate.signer, actor.certificate.trusted, actor.certificate.microsoftRoot],
    actor.parentFileName.toLowerCase(),
    actor.accountSid,
  ]);
