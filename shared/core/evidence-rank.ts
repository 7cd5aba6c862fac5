import type { Evidence, EvidencePiece } from "./evidence.ts";
import { originOf, isNeutral } from "./evidence-actor.ts";

/** The order in which pieces are shown: arrivals by unknown or untrusted actors, other arrivals, runs, neutral runs. */
function rank(piece: EvidencePiece): number {
  if (piece.kind === "run") return isNeutral(piece) ? 3 : 2;
  return originOf(piece)?.certificate?.trusted === true ? 1 : 0;
}

/** The pieces to show, most important first. Pieces of equal rank keep their order. */
export const mostRevealing = ({ pieces }: Evidence, count = 10): readonly EvidencePiece[] =>
  pieces.toSorted((a, b) => rank(a) - rank(b)).slice(0, count);
