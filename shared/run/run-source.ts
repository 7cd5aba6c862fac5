import { announceContextOf } from "../announce/announce-context.ts";
import type { GapRecord, SourceOutcome } from "../core/run-record.ts";
import { sliceName } from "../core/slice.ts";
import type { SourceFreshness } from "../core/source-freshness.ts";
import type { Source } from "../core/source.ts";
import { SourceError, StateError } from "../errors.ts";
import type { Limiter } from "../limiter.ts";
import { describeError } from "../logger.ts";
import { advanceCoverage, recordAttempt } from "./advance-coverage.ts";
import type { PlannedUnit } from "./plan-units.ts";
import { gapsOf, planSource, policyOf, slicedUnits, unreadOf } from "./plan-units.ts";
import type { RunContext } from "./run-context.ts";
import type { UnitOutcome } from "./run-unit.ts";
import { runUnit } from "./run-unit.ts";

/** The result of a run in one source. */
export interface SourceWork {
  readonly record: SourceOutcome;
  readonly gaps: readonly GapRecord[];
  readonly unitsLeft: number;
  /** Packs of which every unit was read. */
  readonly packsDone: ReadonlySet<string>;
}

/** Counted up over the units of a source. */
interface Progress {
  readonly errors: string[];
  /** Packs whose query the source refuses. */
  readonly dropped: Set<string>;
  /** Packs of which a unit was not read whole. */
  readonly unfinished: Set<string>;
  done: number;
  unitsLeft: number;
}

const LEFT: UnitOutcome = { kind: "left" };

/**
 * All units of one source, least covered first, until the time is up. One unit's failure is its own.
 * @param atOnce the places that all sources share; a unit that waits for one may find that the time is up
 */
export async function runSource(freshness: SourceFreshness, context: RunContext, atOnce: Limiter): Promise<SourceWork> {
  const { source, error } = freshness;
  const { name, kind } = source;
  if (error)
    return {
      record: { name, kind, outcome: "failed", error: error.message },
      gaps: [],
      unitsLeft: 0,
      packsDone: new Set(),
    };
  const units = planSource(name, context);
  const gaps = gapsOf(name, units);
  for (const gap of gaps)
    context.log.error({ event: "coverage.gap", ...gap }, "this period was never read and can't be read any more");
  for (const unread of unreadOf(name, units))
    context.log.info(
      { event: "coverage.unread", ...unread },
      "the detection's own window is shorter than the plan: this period is not read",
    );
  const progress: Progress = { errors: [], dropped: new Set(), unfinished: new Set(), done: 0, unitsLeft: 0 };
  await runQueue([...units], freshness, progress, context, atOnce);
  const { errors, done, unitsLeft, unfinished } = progress;
  const packsDone = new Set(context.packs.map((pack) => pack.name).filter((pack) => !unfinished.has(pack)));
  return { record: toRecord(errors, done, freshness), gaps, unitsLeft, packsDone };
}

/** Takes units until none is left, or a right is missing: it is missing for every query. */
async function runQueue(
  queue: PlannedUnit[],
  freshness: SourceFreshness,
  progress: Progress,
  context: RunContext,
  atOnce: Limiter,
): Promise<void> {
  const { source } = freshness;
  for (let unit = queue.shift(); unit !== undefined; unit = queue.shift()) {
    if (progress.dropped.has(unit.pack.name)) continue;
    try {
      const outcome = await runPlanned(unit, source, context, atOnce);
      // After the others: one query that is too much is seventeen that may be.
      if (outcome.kind === "too-much") queue.push(...slicedUnits(source.name, unit, context));
      await settle(unit, outcome, freshness, progress, context);
    } catch (error) {
      if (!(error instanceof SourceError) && !(error instanceof StateError)) throw error;
      await fail(unit, error, source, progress, context);
      if (error instanceof SourceError && error.kind === "authorisation") break;
    }
  }
  for (const { pack } of queue) progress.unfinished.add(pack.name);
}

function runPlanned(
  { pack, plan, cut }: PlannedUnit,
  source: Source,
  context: RunContext,
  atOnce: Limiter,
): Promise<UnitOutcome> {
  const { sightings, counters, log, timeIsUp } = context;
  return atOnce(async () =>
    timeIsUp()
      ? LEFT
      : runUnit(plan, cut, {
          source,
          pack,
          store: sightings,
          announceContext: announceContextOf(pack, source, context),
          policy: policyOf(pack, plan, context),
          counters,
          log,
          timeIsUp,
        }),
  );
}

async function settle(
  unit: PlannedUnit,
  outcome: UnitOutcome,
  freshness: SourceFreshness,
  progress: Progress,
  context: RunContext,
): Promise<void> {
  const { pack, plan } = unit;
  switch (outcome.kind) {
    case "done":
      await advanceCoverage(unit, outcome, freshness, context);
      progress.done += 1;
      return;
    case "too-much":
      return recordAttempt(unit, freshness.source.name, context);
    case "left":
      progress.unitsLeft += 1;
      break;
    case "incomplete":
      progress.errors.push(`${pack.name}/${sliceName(plan.slice)}: ${outcome.reason}`);
  }
  progress.unfinished.add(pack.name);
  // A unit that was never begun keeps its turn.
  if (outcome !== LEFT) await recordAttempt(unit, freshness.source.name, context);
}

async function fail(
  unit: PlannedUnit,
  error: SourceError | StateError,
  source: Source,
  progress: Progress,
  context: RunContext,
): Promise<void> {
  const { pack, plan } = unit;
  context.log.error(
    {
      event: "unit.failed",
      source: source.name,
      pack: pack.name,
      slice: sliceName(plan.slice),
      error: describeError(error),
    },
    "the unit failed; the next run repeats it",
  );
  progress.errors.push(`${pack.name}/${sliceName(plan.slice)}: ${error.message}`);
  progress.unfinished.add(pack.name);
  // A query that is refused is refused in every slice.
  if (error instanceof SourceError && error.kind === "query") progress.dropped.add(pack.name);
  await recordAttempt(unit, source.name, context);
}

function toRecord(errors: readonly string[], done: number, { source, blind }: SourceFreshness): SourceOutcome {
  const { name, kind } = source;
  const [error] = errors;
  if (error !== undefined) return { name, kind, outcome: done === 0 ? "failed" : "partial", error };
  if (blind.length === 0) return { name, kind, outcome: "ok" };
  const reasons = blind.map(({ table, reason }) => `${table}: ${reason}`).join(", ");
  return { name, kind, outcome: "blind", error: reasons };
}
