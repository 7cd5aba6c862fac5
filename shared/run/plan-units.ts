import type { UnitPolicy } from "../core/decide-write.ts";
import type { Pack } from "../core/pack.ts";
import type { UnitPlan } from "../core/plan.ts";
import { leastCoveredFirst, planPack, planUnit } from "../core/plan.ts";
import type { GapRecord } from "../core/run-record.ts";
import type { Slice } from "../core/slice.ts";
import { COVERAGE_SLICES, partitionsOf, sliceName } from "../core/slice.ts";
import type { SourceFreshness } from "../core/source-freshness.ts";
import type { CoverageRecord, CoverageSnapshot, Slicing } from "../core/stores/coverage-store.ts";
import { unitKey } from "../core/stores/coverage-store.ts";
import type { RunContext } from "./run-context.ts";

type Planning = Pick<RunContext, "packs" | "sources" | "settings" | "snapshot" | "now">;

/** A unit of one source, and its turn among the others. */
export interface PlannedUnit extends Slicing {
  readonly pack: Pack;
  readonly plan: UnitPlan;
  /** Covered to, or the last attempt where that is later: a unit that fails each time must not come first each time. */
  readonly coveredTo?: Date;
}

/** The units of a source, least covered first (R2). */
export function planSource(source: string, context: Planning): readonly PlannedUnit[] {
  const { packs, snapshot, settings, now } = context;
  const units = packs.flatMap((pack) => {
    const coverage = coverageOf(source, pack.name, snapshot);
    const sliced = [...coverage.values()].some((unit) => unit.sliced);
    return planPack(pack, coverage, sliced, settings, now).map((plan) => toUnit(source, pack, plan, snapshot));
  });
  return leastCoveredFirst(units);
}

/** R2 over sources: their units wait for places in the order in which they begin. */
export function leastCoveredSourceFirst(
  freshness: readonly SourceFreshness[],
  context: Planning,
): readonly SourceFreshness[] {
  const turns = freshness.map((one) => ({ ...planSource(one.source.name, context)[0], freshness: one }));
  return leastCoveredFirst(turns).map((turn) => turn.freshness);
}

/** The units of the seventeen slices, in place of one that was too much. */
export const slicedUnits = (
  source: string,
  { pack, plan }: PlannedUnit,
  { snapshot }: Planning,
): readonly PlannedUnit[] =>
  leastCoveredFirst(COVERAGE_SLICES.map((slice) => toUnit(source, pack, { ...plan, slice }, snapshot)));

function toUnit(source: string, pack: Pack, plan: UnitPlan, snapshot: CoverageSnapshot): PlannedUnit {
  const key = unitKey(source, pack.name, sliceName(plan.slice));
  const times = [plan.coveredTo, snapshot.attempts.get(key)].flatMap((time) => time?.getTime() ?? []);
  return {
    pack,
    plan,
    sliced: plan.slice !== "all",
    cut: snapshot.units.get(key)?.cut === true,
    ...(times.length > 0 && { coveredTo: new Date(Math.max(...times)) }),
  };
}

function coverageOf(source: string, pack: string, snapshot: CoverageSnapshot): Map<string, CoverageRecord> {
  const units = new Map<string, CoverageRecord>();
  for (const slice of COVERAGE_SLICES.map(sliceName)) {
    const unit = snapshot.units.get(unitKey(source, pack, slice));
    if (unit) units.set(slice, unit);
  }
  return units;
}

/** The gaps of a source's units. */
export const gapsOf = (source: string, units: readonly PlannedUnit[]): readonly GapRecord[] =>
  periodsOf(source, units, ({ gap }) => gap);

/** The periods that the plan wants and that a file's own window excludes (R3). */
export const unreadOf = (source: string, units: readonly PlannedUnit[]): readonly GapRecord[] =>
  periodsOf(source, units, ({ unread }) => unread);

/** One period of each unit's plan. Equal periods of a pack's slices are one. */
function periodsOf(
  source: string,
  units: readonly PlannedUnit[],
  periodOf: (plan: UnitPlan) => UnitPlan["gap"],
): readonly GapRecord[] {
  const periods = new Map<string, GapRecord>();
  for (const { pack, plan } of units) {
    const period = periodOf(plan);
    if (period) periods.set(`${pack.name}|${period.from.getTime()}`, { source, pack: pack.name, ...period });
  }
  return [...periods.values()];
}

/** Before the end of a gap nothing was read, whichever source has it: the latest end of a slice counts for its partitions. */
export function policyOf(
  pack: Pack,
  plan: UnitPlan,
  { sources, settings, snapshot, now }: Planning,
): Pick<UnitPolicy, "dormancyDays" | "gapEnds"> {
  const gapEnds = new Map<string, Date>();
  for (const slice of slicesOf(plan)) {
    const ends = sources.flatMap(({ name }) => {
      const coverage = snapshot.units.get(unitKey(name, pack.name, sliceName(slice)));
      return [coverage?.gapEnd, planUnit(slice, pack, coverage, settings, now).gap?.to].filter(
        (end) => end !== undefined,
      );
    });
    const last = ends.toSorted((a, b) => b.getTime() - a.getTime())[0];
    if (last) for (const partition of partitionsOf(slice)) gapEnds.set(partition, last);
  }
  return { dormancyDays: settings.dormancyDays, gapEnds };
}

/** The coverage slices that a plan reads. */
export const slicesOf = (plan: UnitPlan): readonly Slice[] => (plan.slice === "all" ? COVERAGE_SLICES : [plan.slice]);
