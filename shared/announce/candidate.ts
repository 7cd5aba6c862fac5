import type { Row } from "../core/sighting.ts";

/** A row that is new, returned, or whose sighting another run has changed since it was read. */
export interface Candidate {
  readonly row: Row;
  /** The state showed a sighting of it: it is read again before it is written. */
  readonly known: boolean;
  /** Absent: not looked up yet. */
  readonly otherTools?: readonly string[];
}
