import type { Advance, CoverageSnapshot, Slicing, CoverageRecord } from "../azure/coverage-table.ts";
import { unitKey } from "../azure/coverage-table.ts";
import { utcDay } from "../core/decide.ts";
import type { ApprovalSet } from "../core/approval.ts";
import type { BlindReason, TableFreshness } from "../core/freshness.ts";
import { blindness, lastDayCount } from "../core/freshness.ts";
import type { Pack } from "../core/pack.ts";
import type { UnitPlan } from "../core/plan.ts";
import { coveredTo, leastCoveredFirst, planPack, planUnit } from "../core/plan.ts";
import type { GapRecord, SourceOutcome } from "../core/run-record.ts";
import type { Source } from "../core/source.ts";
import type { Slice } from "../core/slice.ts";
import { COVERAGE_SLICES, partitionsOf, sliceName } from "../core/slice.ts";
import { SourceError, StateError } from "../errors.ts";
import type { Limiter } from "../limiter.ts";
import type { Logger } from "../logger.ts";
import { describeError } from "../logger.ts";
import type { Service } from "./run.ts";
import type { UnitPolicy } from "../announce/announce-context.ts";
import { announceContextOf } from "../announce/announce-context.ts";
import type { RunCounters, UnitOutcome } from "./run-unit.ts";
import { runUnit } from "./run-unit.ts";

interface Workspace {
  readonly name: string;
  readonly id: string;
  /** Label for messages. */
  readonly tenant?: string;
  readonly source: Source;
}

/** What one query said of a workspace before any other was asked. */
export interface SourceFreshness {
  readonly workspace: Workspace;
  readonly tables: readonly TableFreshness[];
  readonly blind: readonly { readonly table: string; readonly reason: BlindReason }[];
  /** The workspace can't be asked at all. */
  readonly error?: SourceError;
}

/** What a run did in one workspace. */
export interface SourceWork {
  readonly record: SourceOutcome;
  readonly gaps: readonly GapRecord[];
  readonly unitsLeft: number;
  /** Packs of which every unit was read. */
  readonly packsDone: ReadonlySet<string>;
}

export interface RunContext {
  readonly service: Service;
  readonly snapshot: CoverageSnapshot;
  readonly epochs: ReadonlyMap<string, string>;
  readonly approvals: ApprovalSet;
  readonly counters: RunCounters;
  readonly runId: string;
  readonly now: Date;
  readonly log: Logger;
  readonly timeIsUp: () => boolean;
}

/** R1: what had been ingested is read before the sightings are, so that coverage never claims more. */
export async function checkFreshness(
  workspace: Workspace,
  packs: readonly Pack[],
  now: Date,
  counters: RunCounters,
  log: Logger,
): Promise<SourceFreshness> {
  const wanted = [...new Set(packs.flatMap(({ tables }) => tables))].toSorted();
  try {
    counters.queries += 1;
    const tables = await workspace.source.freshness(wanted, now);
    log.info(
      {
        event: "freshness.read",
        workspace: workspace.name,
        tables: tables.map((of) => ({
          table: of.table,
          newestRow: of.newestRow,
          newestIngested: of.newestIngested,
          rowsLastDay: lastDayCount(of, now),
        })),
      },
      "what the tables show of themselves",
    );
    const blind = tables.flatMap((of) => {
      const reason = blindness(of, now);
      return reason ? [{ table: of.table, reason }] : [];
    });
    if (blind.length > 0)
      log.error(
        { event: "source.blind", workspace: workspace.name, tables: blind },
        "tables show nothing new, or no signers: protected, out of the role's condition, or silent. Coverage stays",
      );
    return { workspace, tables, blind };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    log.error(
      { event: "source.failed", workspace: workspace.name, kind: error.kind, error: describeError(error) },
      "the workspace can't be asked; the others go on",
    );
    return { workspace, tables: [], blind: [], error };
  }
}

interface PlannedUnit extends Slicing {
  readonly pack: Pack;
  readonly plan: UnitPlan;
  /** Covered to, or tried without success where that is later: what fails each time must not come first each time. */
  readonly coveredTo?: Date;
}

/** R2 over workspaces: their units wait for places in the order in which they begin. */
export function leastCoveredSourceFirst(
  fresh: readonly SourceFreshness[],
  context: RunContext,
): readonly SourceFreshness[] {
  const turns = fresh.map((one) => ({ ...planSource(one.workspace.name, context)[0], one }));
  return leastCoveredFirst(turns).map(({ one }) => one);
}

/**
 * All units of one workspace, least covered first, until the time is up. One unit's failure is its own.
 * @param atOnce the places that all workspaces share; what waits for one may find that the time is up
 */
export async function runSource(fresh: SourceFreshness, context: RunContext, atOnce: Limiter): Promise<SourceWork> {
  const { workspace } = fresh;
  const { service, log, timeIsUp } = context;
  if (fresh.error)
    return {
      record: { name: workspace.name, outcome: "failed", error: fresh.error.message },
      gaps: [],
      unitsLeft: 0,
      packsDone: new Set(),
    };

  const queue = [...planSource(workspace.name, context)];
  const gaps = gapsOf(workspace.name, queue);
  for (const gap of gaps)
    log.error({ event: "coverage.gap", ...gap }, "this stretch was never read and can't be any more");
  const errors: string[] = [];
  const dropped = new Set<string>();
  const unfinished = new Set<string>();
  let done = 0;
  let unitsLeft = 0;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { pack, plan } = next;
    if (dropped.has(pack.name)) continue;
    try {
      const outcome = await atOnce(async () =>
        timeIsUp()
          ? LEFT
          : runUnit(plan, next.cut, {
              source: workspace.source,
              table: service.sightings,
              announceContext: announceContextOf(pack, workspace, context),
              policy: policyOf(pack, plan, context),
              counters: context.counters,
              log,
              timeIsUp,
            }),
      );
      if (outcome.kind === "too-much") {
        await recordAttempt(next, workspace.name, context);
        // After the others: one query that is too much is seventeen that may be.
        queue.push(
          ...leastCoveredFirst(
            COVERAGE_SLICES.map((slice) => toUnit(workspace.name, pack, { ...plan, slice }, context)),
          ),
        );
        continue;
      }
      if (outcome.kind === "done") {
        await advance(next, outcome, fresh, context);
        done += 1;
        continue;
      }
      unfinished.add(pack.name);
      if (outcome !== LEFT) await recordAttempt(next, workspace.name, context);
      if (outcome.kind === "left") unitsLeft += 1;
      else errors.push(`${pack.name}/${sliceName(plan.slice)}: ${outcome.reason}`);
    } catch (error) {
      if (!(error instanceof SourceError) && !(error instanceof StateError)) throw error;
      log.error(
        {
          event: "unit.failed",
          workspace: workspace.name,
          pack: pack.name,
          slice: sliceName(plan.slice),
          error: describeError(error),
        },
        "the unit failed; the next run repeats it",
      );
      errors.push(`${pack.name}/${sliceName(plan.slice)}: ${error.message}`);
      unfinished.add(pack.name);
      await recordAttempt(next, workspace.name, context);
      if (!(error instanceof SourceError)) continue;
      // A right that is missing is missing for every query; a text that is refused is refused in every slice.
      if (error.kind === "authorisation") break;
      if (error.kind === "query") dropped.add(pack.name);
    }
  }
  for (const { pack } of queue) unfinished.add(pack.name);
  const packsDone = new Set(service.packs.map(({ name }) => name).filter((name) => !unfinished.has(name)));
  return { record: toRecord(workspace.name, errors, done, fresh), gaps, unitsLeft, packsDone };
}

const LEFT: UnitOutcome = { kind: "left" };

function toRecord(name: string, errors: readonly string[], done: number, fresh: SourceFreshness): SourceOutcome {
  const [error] = errors;
  if (error !== undefined) return { name, outcome: done === 0 ? "failed" : "partial", error };
  if (fresh.blind.length === 0) return { name, outcome: "ok" };
  return { name, outcome: "blind", error: fresh.blind.map(({ table, reason }) => `${table}: ${reason}`).join(", ") };
}

function planSource(workspace: string, context: RunContext): readonly PlannedUnit[] {
  const { service, snapshot, now } = context;
  const units = service.packs.flatMap((pack) => {
    const coverage = unitsOf(workspace, pack.name, snapshot);
    const sliced = [...coverage.values()].some((unit) => unit.sliced);
    return planPack(pack, coverage, sliced, service.settings, now).map((plan) =>
      toUnit(workspace, pack, plan, context),
    );
  });
  return leastCoveredFirst(units);
}

function toUnit(workspace: string, pack: Pack, plan: UnitPlan, { snapshot }: RunContext): PlannedUnit {
  const key = unitKey(workspace, pack.name, sliceName(plan.slice));
  const times = [plan.coveredTo, snapshot.attempts.get(key)].flatMap((time) => time?.getTime() ?? []);
  return {
    pack,
    plan,
    sliced: plan.slice !== "all",
    cut: snapshot.units.get(key)?.cut === true,
    ...(times.length > 0 && { coveredTo: new Date(Math.max(...times)) }),
  };
}

/** A turn that can't be noted costs the order of the next run, and nothing else. */
async function recordAttempt(
  { pack, plan }: PlannedUnit,
  workspace: string,
  { service, now }: RunContext,
): Promise<void> {
  try {
    await service.coverage.recordAttempt(unitKey(workspace, pack.name, sliceName(plan.slice)), now);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
  }
}

function unitsOf(workspace: string, pack: string, snapshot: CoverageSnapshot): Map<string, CoverageRecord> {
  const units = new Map<string, CoverageRecord>();
  for (const slice of COVERAGE_SLICES.map(sliceName)) {
    const unit = snapshot.units.get(unitKey(workspace, pack, slice));
    if (unit) units.set(slice, unit);
  }
  return units;
}

/** Equal gaps of a pack's slices are one gap. */
function gapsOf(workspace: string, units: readonly PlannedUnit[]): GapRecord[] {
  const gaps = new Map<string, GapRecord>();
  for (const { pack, plan } of units) {
    if (plan.gap) gaps.set(`${pack.name}|${plan.gap.from.getTime()}`, { workspace, pack: pack.name, ...plan.gap });
  }
  return [...gaps.values()];
}

/** Nobody looked before the end of a gap, whichever workspace has it: of a share's, the latest counts. */
function policyOf(
  pack: Pack,
  plan: UnitPlan,
  { service, snapshot, now }: RunContext,
): Pick<UnitPolicy, "dormancyDays" | "gapEnds"> {
  const gapEnds = new Map<string, Date>();
  for (const slice of slicesOf(plan)) {
    const ends = service.workspaces.flatMap(({ name }) => {
      const coverage = snapshot.units.get(unitKey(name, pack.name, sliceName(slice)));
      return [coverage?.gapEnd, planUnit(slice, pack, coverage, service.settings, now).gap?.to].filter(
        (end) => end !== undefined,
      );
    });
    const last = ends.toSorted((a, b) => b.getTime() - a.getTime())[0];
    if (last) for (const partition of partitionsOf(slice)) gapEnds.set(partition, last);
  }
  return { dormancyDays: service.settings.dormancyDays, gapEnds };
}

/** The coverage units that a plan reads. */
const slicesOf = (plan: UnitPlan): readonly Slice[] => (plan.slice === "all" ? COVERAGE_SLICES : [plan.slice]);

async function advance(
  unit: PlannedUnit,
  outcome: Extract<UnitOutcome, { kind: "done" }>,
  fresh: SourceFreshness,
  { service, snapshot }: RunContext,
): Promise<void> {
  const { pack, plan } = unit;
  const ingested = pack.tables.map((table) => fresh.tables.find((of) => of.table === table)?.newestIngested);
  const furthestBehind = ingested.includes(undefined)
    ? undefined
    : new Date(Math.min(...ingested.map((time) => time?.getTime() ?? -Infinity)));
  const before = plan.baseline === "changed" ? undefined : plan.coveredTo;
  const to = coveredTo(plan.window.to, furthestBehind, fresh.blind.length > 0, before);
  if (!to) return;
  const stays = staysSliced(plan, outcome.rows, fresh.workspace.source.maxRows);
  const cut = outcome.cut && stays;
  const sliced = unit.sliced && (outcome.cut || stays);
  await service.coverage.advance(
    slicesOf(plan).map((slice): Advance => {
      const key = unitKey(fresh.workspace.name, pack.name, sliceName(slice));
      const stored = snapshot.units.get(key);
      return {
        key,
        coveredTo: to,
        packHash: pack.hash,
        sliced,
        cut,
        ...(plan.priorHash !== undefined && { priorHash: plan.priorHash }),
        ...(plan.gap && { gapEnd: plan.gap.to }),
        ...(stored && { stored }),
      };
    }),
  );
}

/**
 * Slices that were needed once are kept while one answer instead of seventeen would be near the limit. Where they were needed for
 * time and not for size, one question a day is asked whole again: a limit's wait a day, and none on the other runs.
 */
function staysSliced(plan: UnitPlan, largest: number, maxRows: number): boolean {
  if (largest * COVERAGE_SLICES.length > maxRows / 2) return true;
  return plan.coveredTo === undefined || utcDay(plan.coveredTo) === utcDay(plan.window.to);
}
