import type { Actor, Evidence, EvidencePiece } from "./evidence.ts";

const SERVICES = "\\windows\\system32\\services.exe";

/**
 * Run evidence that neither approves nor disproves: services.exe starts every service, and an updater whose own file is the
 * tool's, trusted, starts the tool.
 */
export const isNeutral = ({ kind, actor, ownTool }: EvidencePiece): boolean =>
  kind === "run" && (ownTool === true || (/^[a-z]:/.test(actor.path) && actor.path.slice(2) === SERVICES));

/** Who brought the file: the client, where the installer's service wrote it; `undefined` where nobody knows. */
const bringer = ({ actor, client }: EvidencePiece): Actor | undefined =>
  actor.fileName.toLowerCase() === "msiexec.exe" ? client : actor;

/** The most telling first: arrivals by the unknown or untrusted, other arrivals, runs, what is neutral. */
function rank(piece: EvidencePiece): number {
  if (piece.kind === "run") return isNeutral(piece) ? 3 : 2;
  return bringer(piece)?.certificate?.trusted === true ? 1 : 0;
}

/** The pieces to show of a whole set; of equal ones those that come first in it. */
export const mostTelling = ({ pieces }: Evidence, count = 10): readonly EvidencePiece[] =>
  pieces.toSorted((a, b) => rank(a) - rank(b)).slice(0, count);
