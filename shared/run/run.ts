import type { CoverageTable, CoverageSnapshot } from "../azure/coverage-table.ts";
import type { ApprovalsTable } from "../azure/approvals-table.ts";
import type { SightingsTable } from "../azure/sightings-table.ts";
import type { WaveTable } from "../azure/wave-table.ts";
import type { ApprovalSet } from "../core/approval.ts";
import type { Pack } from "../core/pack.ts";
import type { ReadWindows } from "../core/plan.ts";
import type { RunRecord, SourceOutcome } from "../core/run-record.ts";
import { runOutcome } from "../core/run-record.ts";
import type { Source } from "../core/source.ts";
import { ensureEpochs } from "./epochs.ts";
import { ApprovalsError, StateError, StateLostError, StateNewerError } from "../errors.ts";
import { createLimiter } from "../limiter.ts";
import type { Logger } from "../logger.ts";
import { describeError } from "../logger.ts";
import { recheckExpected } from "../review/recheck-expected.ts";
import type { RelayResult } from "../outbox/relay.ts";
import { reviewApprovals } from "../review/review-approvals.ts";
import { warnExpiring } from "../review/warn-expiring.ts";
import type { RunCounters } from "./run-unit.ts";
import { newCounters } from "./run-unit.ts";
import type { SourceFreshness, RunContext, SourceWork } from "./run-source.ts";
import { leastCoveredSourceFirst, checkFreshness, runSource } from "./run-source.ts";

/** Units of all workspaces that are worked at once: each holds an answer of up to 64 MiB until its rows are in the state. */
const UNITS_AT_ONCE = 4;

export interface RunSettings extends ReadWindows {
  readonly dormancyDays: number;
  /** Milliseconds after which no further unit is taken. */
  readonly budget: number;
  /** Sightings of a detection within 24 hours that open a wave; 0: none ever does. */
  readonly waveThreshold: number;
}

/** Everything a run needs; the functions compose it, tests exchange parts. */
export interface Service {
  readonly settings: RunSettings;
  readonly packs: readonly Pack[];
  readonly workspaces: readonly {
    readonly name: string;
    readonly id: string;
    readonly tenant?: string;
    readonly source: Source;
  }[];
  readonly sightings: SightingsTable;
  readonly coverage: CoverageTable;
  readonly waves: WaveTable;
  readonly approvals: ApprovalsTable;
  /** One pass over the outbox. Never rejects for what a later pass can repeat. */
  readonly relay: () => Promise<RelayResult>;
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly log: Logger;
  /** Aborted when the host shuts down: no further unit is taken. */
  readonly stopping?: AbortSignal;
}

/**
 * One run, design §3: freshness → plan → review → look → units → relay → record. Rejects only when even the record can't be written;
 * everything else is an outcome. A process may die at any point; the next run continues.
 */
export async function run(service: Service): Promise<RunRecord> {
  const { log: parent, coverage, clock } = service;
  const now = clock();
  const runId = service.newId();
  const log = parent.child({ runId });
  const started = performance.now();
  const counters = newCounters();
  let workspaces: readonly SourceWork[] = [];
  let failure: { readonly reason: string; readonly error: unknown } | undefined;

  try {
    const fresh = await Promise.all(
      service.workspaces.map((workspace) => checkFreshness(workspace, service.packs, now, counters, log)),
    );
    const snapshot = await coverage.snapshot();
    const approvals = await approvalsInForce(service, snapshot);
    const epochs = await ensureEpochs(snapshot, service.sightings, coverage, service.newId);
    warnExpiring(approvals.approvals, snapshot.marks.recheck, now, log);
    const context = { service, snapshot, epochs, approvals, counters, runId, now, log };
    const timeIsUp = (): boolean =>
      service.stopping?.aborted === true || performance.now() - started > service.settings.budget;
    // What comes first leaves the units time: a review or a look that is cut off goes on in the next run.
    const halfIsUp = (): boolean => timeIsUp() || performance.now() - started > service.settings.budget / 2;
    await reviewApprovals({ ...context, timeIsUp: halfIsUp });
    await recheckExpected({ ...context, timeIsUp: halfIsUp }, fresh);
    const units = { ...context, timeIsUp };
    workspaces = await runUnits(fresh, units);
    await recordDetections(service, snapshot, workspaces, counters, now);
  } catch (error) {
    failure = { reason: reasonOf(error), error };
    log.error(
      { event: "run.failed", reason: failure.reason, error: describeError(error) },
      "the run stopped before it was through",
    );
  }

  // A run whose queries failed still relays; one whose state is lost or newer touches nothing.
  const relayed =
    failure?.reason === "state-lost" || failure?.reason === "state-newer" ? undefined : await relayOrSay(service, log);
  const record = toRecord({
    runId,
    workspaces,
    names: service.workspaces,
    failure,
    counters,
    relayed,
    durationMs: Math.round(performance.now() - started),
  });
  const level = record.outcome === "ok" ? "info" : record.outcome === "failed" ? "error" : "warn";
  // Under the parent: the record brings its own run id.
  parent[level](
    { event: "run.completed", ...record },
    `run ${record.outcome}: ${record.new} new, ${record.returned} returned, ${record.sent} sent`,
  );
  if (failure?.reason !== "state-newer") await coverage.recordRun(now, runId, { ...record });
  return record;
}

/**
 * The approvals that this run decides by. R20: the pointer is made before the first epoch, and only while Coverage names none; later a
 * pointer that is not there is a loss, and never an empty set (R12).
 */
async function approvalsInForce({ approvals }: Service, snapshot: CoverageSnapshot): Promise<ApprovalSet> {
  try {
    if (snapshot.epochs.size === 0) await approvals.makePointer();
    return await approvals.current();
  } catch (error) {
    if (error instanceof StateError) throw new ApprovalsError(error.message, { cause: error });
    throw error;
  }
}

/** Waits for all before it rejects: nothing may go on writing behind a run that has failed. */
async function allOrFirstError<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

function reasonOf(error: unknown): string {
  if (error instanceof StateLostError) return "state-lost";
  if (error instanceof ApprovalsError) return "approvals";
  return error instanceof StateNewerError ? "state-newer" : "state";
}

async function relayOrSay(service: Service, log: Logger): Promise<RelayResult | undefined> {
  try {
    return await service.relay();
  } catch (error) {
    log.error(
      { event: "relay.failed", error: describeError(error) },
      "the outbox was not drained; the next pass tries again",
    );
    return undefined;
  }
}

/** The units of all workspaces, side by side; what was done in each, as the settings name them. */
async function runUnits(fresh: readonly SourceFreshness[], context: RunContext): Promise<readonly SourceWork[]> {
  const atOnce = createLimiter(UNITS_AT_ONCE);
  const work = await allOrFirstError(
    leastCoveredSourceFirst(fresh, context).map((one) => runSource(one, context, atOnce)),
  );
  const order = fresh.map(({ workspace }) => workspace.name);
  return work.toSorted((a, b) => order.indexOf(a.record.name) - order.indexOf(b.record.name));
}

/**
 * A detection's definition counts as read once every workspace has read the whole of its pack: a baseline that is cut off
 * goes on telling under the cause that it began with.
 */
async function recordDetections(
  service: Service,
  snapshot: CoverageSnapshot,
  workspaces: readonly SourceWork[],
  counters: RunCounters,
  now: Date,
): Promise<void> {
  for (const pack of service.packs) {
    const whole = workspaces.every(({ packsDone }) => packsDone.has(pack.name));
    for (const { id, hash } of pack.detections) {
      const newDevices = counters.newByDetection.get(id) ?? 0;
      const known = snapshot.detections.get(id);
      if (newDevices === 0 && (!whole || known?.hash === hash)) continue;
      await service.coverage.recordDetection(
        id,
        whole ? hash : undefined,
        newDevices,
        newDevices > 0 ? now : undefined,
      );
    }
  }
}

function toRecord(of: {
  readonly runId: string;
  readonly workspaces: readonly SourceWork[];
  readonly names: readonly { readonly name: string }[];
  readonly failure: { readonly reason: string; readonly error: unknown } | undefined;
  readonly counters: RunCounters;
  readonly relayed: RelayResult | undefined;
  readonly durationMs: number;
}): RunRecord {
  const { counters, relayed, failure } = of;
  const error = failure?.error instanceof Error ? failure.error.message : undefined;
  const workspaces: readonly SourceOutcome[] = failure
    ? of.names.map(({ name }) => ({ name, outcome: "failed", ...(error !== undefined && { error }) }))
    : of.workspaces.map(({ record }) => record);
  const unitsLeft = of.workspaces.reduce((sum, one) => sum + one.unitsLeft, 0);
  const relayFailed = relayed === undefined || relayed.failed !== undefined;
  const reason = failure?.reason ?? (relayFailed ? "relay" : undefined);
  return {
    runId: of.runId,
    outcome: failure ? "failed" : runOutcome(workspaces, { unitsLeft, relayFailed, quarantined: counters.quarantined }),
    ...(reason !== undefined && { reason }),
    workspaces,
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
    gaps: of.workspaces.flatMap(({ gaps }) => gaps),
    unitsLeft,
    queries: counters.queries,
    durationMs: of.durationMs,
  };
}
