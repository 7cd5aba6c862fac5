import { utcDay } from "../core/decide.ts";
import type { UnitPlan } from "../core/plan.ts";
import { coveredTo } from "../core/plan.ts";
import { COVERAGE_SLICES, sliceName } from "../core/slice.ts";
import type { SourceFreshness } from "../core/source-freshness.ts";
import type { Advance } from "../core/stores/coverage-store.ts";
import { unitKey } from "../core/stores/coverage-store.ts";
import { StateError } from "../errors.ts";
import type { PlannedUnit } from "./plan-units.ts";
import { slicesOf } from "./plan-units.ts";
import type { RunContext } from "./run-context.ts";
import type { UnitOutcome } from "./run-unit.ts";

/** Moves the coverage of a unit that was read whole: to the newest ingestion time of the table that is furthest behind. */
export async function advanceCoverage(
  unit: PlannedUnit,
  outcome: Extract<UnitOutcome, { kind: "done" }>,
  { source, tables, blind }: SourceFreshness,
  { coverage, snapshot }: RunContext,
): Promise<void> {
  const { pack, plan } = unit;
  const ingested = pack.tables.map((table) => tables.find((freshness) => freshness.table === table)?.newestIngested);
  const furthestBehind = ingested.includes(undefined)
    ? undefined
    : new Date(Math.min(...ingested.map((time) => time?.getTime() ?? -Infinity)));
  const before = plan.baseline === "changed" ? undefined : plan.coveredTo;
  const to = coveredTo(plan.window.to, furthestBehind, blind.length > 0, before);
  if (!to) return;
  const stays = staysSliced(plan, outcome.rows, source.maxRows);
  const cut = outcome.cut && stays;
  const sliced = unit.sliced && (outcome.cut || stays);
  await coverage.advance(
    slicesOf(plan).map((slice): Advance => {
      const key = unitKey(source.name, pack.name, sliceName(slice));
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
 * Slices that were needed once stay while one answer instead of seventeen would be near the limit. Where they were needed for time and not
 * for size, one query a day asks for the whole again: the cost is one timeout a day, and none on the other runs.
 */
function staysSliced(plan: UnitPlan, largest: number, maxRows: number): boolean {
  if (largest * COVERAGE_SLICES.length > maxRows / 2) return true;
  return plan.coveredTo === undefined || utcDay(plan.coveredTo) === utcDay(plan.window.to);
}

/** Records an attempt. One that can't be recorded costs the order of the next run, and nothing else. */
export async function recordAttempt(
  { pack, plan }: PlannedUnit,
  source: string,
  { coverage, now }: RunContext,
): Promise<void> {
  try {
    await coverage.recordAttempt(unitKey(source, pack.name, sliceName(plan.slice)), now);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
  }
}
