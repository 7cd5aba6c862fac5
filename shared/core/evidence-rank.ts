import type { Evidence, EvidencePiece } from "./evidence.ts";
import { originOf, isNeutral } from "./evidence-actor.ts";

/** The most telling first: arrivals by the unknown or untrusted, other arrivals, runs, what is neutral. */
function rank(piece: EvidencePiece): number {
  if (piece.kind === "run") return isNeutral(piece) ? 3 : 2;
  return originOf(piece)?.certificate?.trusted === true ? 1 : 0;
}

/** The pieces to show of a whole set; of equal ones those that come first in it. */
export const mostRevealing = ({ pieces }: Evidence, count = 10): readonly EvidencePiece[] =>
  pieces.toSorted((a, b) => rank(a) - rank(b)).slice(0, count);
