import type { ApprovalSet } from "../core/approval.ts";
import { newCounters } from "../core/run-counters.ts";
import type { RunRecord } from "../core/run-record.ts";
import type { SourceFreshness } from "../core/source-freshness.ts";
import type { CoverageSnapshot } from "../core/stores/coverage-store.ts";
import { ApprovalsError, StateError, StateLostError, StateNewerError } from "../errors.ts";
import { createLimiter } from "../limiter.ts";
import type { Logger } from "../logger.ts";
import { describeError } from "../logger.ts";
import type { RelayResult } from "../outbox/relay.ts";
import { recheckExpected } from "../review/recheck-expected.ts";
import { reviewApprovals } from "../review/review-approvals.ts";
import { warnExpiring } from "../review/warn-expiring.ts";
import { checkFreshness } from "./check-freshness.ts";
import { startDeadline } from "./deadline.ts";
import { ensureEpochs } from "./epochs.ts";
import { leastCoveredSourceFirst } from "./plan-units.ts";
import { recordDetections } from "./record-detections.ts";
import type { RunContext, Service } from "./run-context.ts";
import type { RunFailure } from "./to-run-record.ts";
import { toRunRecord } from "./to-run-record.ts";
import type { SourceWork } from "./run-source.ts";
import { runSource } from "./run-source.ts";

/** Units of all sources that are worked at once: each holds an answer of up to 64 MiB until its rows are in the state. */
const UNITS_AT_ONCE = 4;

/**
 * One run (docs/architecture.md): freshness → plan → review → recheck → units → relay → record. Rejects only when even the record can't be written;
 * everything else is an outcome. A process may die at any point; the next run continues.
 */
export async function run(service: Service): Promise<RunRecord> {
  const { log: parent, coverage, packs, sources, clock } = service;
  const now = clock();
  const runId = service.newId();
  const log = parent.child({ runId });
  const { timeIsUp, halfIsUp, elapsedMs } = startDeadline(service.settings.budget, service.stopping);
  const counters = newCounters();
  let work: readonly SourceWork[] = [];
  let failure: RunFailure | undefined;

  try {
    const freshness = await Promise.all(sources.map((source) => checkFreshness(source, packs, now, counters, log)));
    const snapshot = await coverage.snapshot();
    const approvals = await approvalsInForce(service, snapshot);
    const epochs = await ensureEpochs(snapshot, service.sightings, coverage, service.newId);
    warnExpiring(approvals.approvals, snapshot.marks.recheck, now, log);
    const read = { snapshot, approvals, epochs, counters, runId, now, log, timeIsUp };
    const context: RunContext = { ...service, approvalsStore: service.approvals, ...read };
    await reviewApprovals({ ...context, timeIsUp: halfIsUp });
    await recheckExpected({ ...context, timeIsUp: halfIsUp }, freshness);
    work = await runUnits(freshness, context);
    await recordDetections(work, context);
  } catch (error) {
    failure = { reason: reasonOf(error), error };
    log.error(
      { event: "run.failed", reason: failure.reason, error: describeError(error) },
      "the run stopped before its end",
    );
  }

  // A run whose queries failed still relays; one whose state is lost or newer touches nothing.
  const untouchable = failure?.reason === "state-lost" || failure?.reason === "state-newer";
  const relayed = untouchable ? undefined : await relayAndLog(service, log);
  const durationMs = Math.round(elapsedMs());
  const record = toRunRecord({ runId, work, sources, failure, counters, relayed, durationMs });
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
 * missing pointer is a loss, and never an empty set (R12).
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

/** The units of all sources, side by side; the result is in the order of the settings. */
async function runUnits(freshness: readonly SourceFreshness[], context: RunContext): Promise<readonly SourceWork[]> {
  const atOnce = createLimiter(UNITS_AT_ONCE);
  const work = await allOrFirstError(
    leastCoveredSourceFirst(freshness, context).map((one) => runSource(one, context, atOnce)),
  );
  const order = freshness.map(({ source }) => source.name);
  return work.toSorted((a, b) => order.indexOf(a.record.name) - order.indexOf(b.record.name));
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

async function relayAndLog(service: Service, log: Logger): Promise<RelayResult | undefined> {
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
