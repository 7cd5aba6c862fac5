import type { RunCounters } from "../core/run-counters.ts";
import type { RunRecord, SourceOutcome } from "../core/run-record.ts";
import { runOutcome } from "../core/run-record.ts";
import type { SourceLabel } from "../core/source.ts";
import type { RelayResult } from "../outbox/relay.ts";
import type { SourceWork } from "./run-source.ts";

/** Why a whole run failed. */
export interface RunFailure {
  readonly reason: string;
  readonly error: unknown;
}

interface RunEnd {
  readonly runId: string;
  readonly work: readonly SourceWork[];
  readonly sources: readonly SourceLabel[];
  readonly failure: RunFailure | undefined;
  readonly counters: RunCounters;
  /** `undefined`: the relay pass could not be run. */
  readonly relayed: RelayResult | undefined;
  readonly durationMs: number;
}

/** The record of a run that has ended. */
export function toRunRecord({ runId, work, sources, failure, counters, relayed, durationMs }: RunEnd): RunRecord {
  const error = failure?.error instanceof Error ? failure.error.message : undefined;
  const outcomes: readonly SourceOutcome[] = failure
    ? sources.map(({ name, kind }) => ({ name, kind, outcome: "failed", ...(error !== undefined && { error }) }))
    : work.map(({ record }) => record);
  const unitsLeft = work.reduce((sum, one) => sum + one.unitsLeft, 0);
  const relayFailed = relayed === undefined || relayed.failed !== undefined;
  const reason = failure?.reason ?? (relayFailed ? "relay" : undefined);
  const { quarantined } = counters;
  return {
    runId,
    outcome: failure ? "failed" : runOutcome(outcomes, { unitsLeft, relayFailed, quarantined }),
    ...(reason !== undefined && { reason }),
    sources: outcomes,
    rows: counters.rows,
    rejected: counters.rejected,
    new: counters.new,
    returned: counters.returned,
    expected: counters.expected,
    waves: counters.waves,
    announced: counters.announced,
    sent: relayed?.sent ?? 0,
    refused: relayed?.refused ?? 0,
    outboxDepth: relayed?.depth ?? 0,
    outboxOldestSeconds: relayed?.oldestSeconds ?? 0,
    gaps: work.flatMap(({ gaps }) => gaps),
    unitsLeft,
    queries: counters.queries,
    durationMs,
  };
}
