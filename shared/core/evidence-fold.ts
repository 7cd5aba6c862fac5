import type { Actor, Evidence, EvidencePiece } from "./evidence.ts";

/** Pieces of the same compared facts, at their two ends: a condition on time that both meet is met by all between. */
interface Fold {
  first: EvidencePiece;
  last: EvidencePiece;
}

/**
 * Pieces with each set of facts once: at its earliest and at its latest. By time, runs after arrivals of the same moment; the order
 * of what is given does not matter, except between pieces that are shown alike.
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

/** Whether some piece says what none of the known ones does: other facts, or the same outside the times that are known. */
export function hasNewFacts(pieces: readonly EvidencePiece[], known: readonly EvidencePiece[]): boolean {
  const said = new Set(known.map((piece) => `${piece.at.getTime()} ${pieceFacts(piece)}`));
  return pieces.some((piece) => !said.has(`${piece.at.getTime()} ${pieceFacts(piece)}`));
}

/** What was known with what a look found: the whole is judged. What was missing once stays missing. */
export const mergeEvidence = (known: Evidence, found: Evidence): Evidence => ({
  pieces: foldPieces([...known.pieces, ...found.pieces]),
  missing: [...new Set([...known.missing, ...found.missing])],
});

/**
 * Known evidence, looked up again because an approval compares what was not asked for before (logons, scheduled tasks). What is found
 * again stands as it was found now; what is not, since the data reach no further back, stays as it was.
 */
export function refreshEvidence(known: Evidence, found: Evidence): Evidence {
  const again = new Set(found.pieces.map(occurrence));
  return {
    pieces: foldPieces([...found.pieces, ...known.pieces.filter((piece) => !again.has(occurrence(piece)))]),
    missing: [...new Set([...known.missing, ...found.missing])],
  };
}

/** A piece by what happened, without what was asked about it. */
const occurrence = ({ task: _task, logons: _logons, ...piece }: EvidencePiece): string =>
  `${piece.at.getTime()} ${pieceFacts(piece)}`;

/** All that an approval may compare of a piece but its time, and not what is only shown. */
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

/** All that an approval may compare of an actor. */
export const actorFacts = (actor: Omit<Actor, "commandLine">): string =>
  JSON.stringify([
    actor.fileName.toLowerCase(),
    actor.path,
    actor.sha1,
    actor.certificate && [actor.certificate.signer, actor.certificate.trusted, actor.certificate.microsoftRoot],
    actor.parentFileName.toLowerCase(),
    actor.accountSid,
  ]);
