import type { SourceKind } from "./source.ts";

/** Outcome of a run or of one source. The log, Coverage, `--json` and the alerts use the same names. */
export type Outcome = "ok" | "partial" | "blind" | "failed";

export interface SourceOutcome {
  readonly name: string;
  readonly kind: SourceKind;
  readonly outcome: Outcome;
  /** The first error of the source. */
  readonly error?: string;
}

export interface GapRecord {
  readonly source: string;
  readonly pack: string;
  readonly from: Date;
  readonly to: Date;
}

export interface RunRecord {
  readonly runId: string;
  readonly outcome: Outcome;
  /** Why the whole run failed: `state-lost`, `state-newer`, `state`, `approvals`, or `relay` where only sending failed. */
  readonly reason?: string;
  readonly sources: readonly SourceOutcome[];
  readonly rows: number;
  readonly rejected: number;
  readonly new: number;
  readonly returned: number;
  readonly expected: number;
  readonly waves: number;
  /** Sightings put into the outbox, in messages of their own or as members of a wave. */
  readonly announced: number;
  /** Messages that the broker accepted, and that it refused. */
  readonly sent: number;
  readonly refused: number;
  readonly outboxDepth: number;
  readonly outboxOldestSeconds: number;
  readonly gaps: readonly GapRecord[];
  readonly unitsLeft: number;
  readonly queries: number;
  readonly durationMs: number;
}

/** `failed`: no source could be read. `partial`: something was left over. `blind`: everything was read, but rows may be missing. */
export function runOutcome(
  sources: readonly Pick<SourceOutcome, "outcome">[],
  left: { readonly unitsLeft: number; readonly relayFailed: boolean; readonly quarantined: number },
): Outcome {
  if (sources.length > 0 && sources.every(({ outcome }) => outcome === "failed")) return "failed";
  const incomplete = sources.some(({ outcome }) => outcome === "failed" || outcome === "partial");
  if (incomplete || left.unitsLeft > 0 || left.relayFailed || left.quarantined > 0) return "partial";
  return sources.some(({ outcome }) => outcome === "blind") ? "blind" : "ok";
}
