import type { AnnounceContext } from "../announce/announce-context.ts";
import { processRows } from "../announce/process-rows.ts";
import type { UnitPolicy } from "../core/decide-write.ts";
import type { QueryWindow } from "../core/pack.ts";
import type { UnitPlan } from "../core/plan.ts";
import { addCounters } from "../core/run-counters.ts";
import type { Slice } from "../core/slice.ts";
import { rotateByTime, split } from "../core/slice.ts";
import type { SightingsStore } from "../core/stores/sightings-store.ts";
import { createEvidenceLookup } from "../evidence/collect.ts";
import type { SliceReading } from "./read-slice.ts";
import { isTooMuch, readSlice, rowsOf } from "./read-slice.ts";

export type UnitOutcome =
  /** Read whole: its coverage may advance. `rows` of its largest answer and `cut` for its parts decide which slices the next run reads. */
  | { readonly kind: "done"; readonly rows: number; readonly cut: boolean }
  /** Only part of it was read, and it can't be cut finer: new sightings were announced, coverage stays. */
  | { readonly kind: "incomplete"; readonly reason: string }
  /** Too much for one answer: cut it. */
  | { readonly kind: "too-much" }
  /** The run's time is up before all its parts were taken. */
  | { readonly kind: "left" };

export interface UnitWork extends SliceReading {
  readonly store: SightingsStore;
  readonly announceContext: Omit<AnnounceContext, "policy" | "unit" | "evidence">;
  readonly policy: Omit<UnitPolicy, "complete">;
  readonly timeIsUp: () => boolean;
}

/**
 * Reads a unit with one query, or with finer ones where that is too much (`all` is cut by the caller, whose coverage is by slice).
 * @param cut one query was too much the last time: it is not tried
 */
export async function runUnit(unit: UnitPlan, cut: boolean, work: UnitWork): Promise<UnitOutcome> {
  if (cut && split(unit.slice)) return runParts(unit, unit.slice, work);
  const outcome = await runSlice(unit, unit.slice, work);
  return outcome.kind === "too-much" && unit.slice !== "all" ? runParts(unit, unit.slice, work) : outcome;
}

async function runParts(unit: UnitPlan, slice: Slice, work: UnitWork): Promise<UnitOutcome> {
  let largest = 0;
  let incomplete: UnitOutcome | undefined;
  // Another first each time: parts that together take longer than a run has are all reached in the end.
  for (const part of rotateByTime(split(slice) ?? [], unit.window.to)) {
    if (work.timeIsUp()) return { kind: "left" };
    const outcome = await runPart(unit, part, work);
    if (outcome.kind === "left") return outcome;
    if (outcome.kind === "done") largest = Math.max(largest, outcome.rows);
    else incomplete = outcome;
  }
  return incomplete ?? { kind: "done", rows: largest, cut: true };
}

async function runPart(unit: UnitPlan, part: Slice, work: UnitWork): Promise<UnitOutcome> {
  try {
    const outcome = await runSlice(unit, part, work);
    return outcome.kind === "too-much" ? await runParts(unit, part, work) : outcome;
  } catch (error) {
    // A part that is too much and can't be cut finer keeps nothing from the others.
    if (!isTooMuch(error)) throw error;
    return { kind: "incomplete", reason: error.message };
  }
}

/** One answer, from the query to the state. @throws {SourceError} unless a finer slice could help */
async function runSlice(unit: UnitPlan, slice: Slice, work: UnitWork): Promise<UnitOutcome> {
  const { announceContext, counters, log } = work;
  const read = await readSlice(unit, slice, work);
  if (read.kind === "too-much") return read;
  const { complete, count, partialReason } = read.answer;
  const { approvals } = announceContext.approvals;
  const scope = { ...work, ...announceContext, source: work.source, approvals, window: evidenceWindow(unit) };
  const committed = await processRows(
    rowsOf(read.answer, slice, work),
    {
      ...announceContext,
      unit,
      policy: { ...work.policy, complete },
      evidence: (candidates) => createEvidenceLookup(candidates, scope),
    },
    work.store,
    log,
  ).finally(() => read.answer.discard());
  addCounters(counters, committed);
  return complete
    ? { kind: "done", rows: count, cut: false }
    : { kind: "incomplete", reason: partialReason ?? "the service returned part of the result" };
}

/** Files arrive before they are seen, and late: evidence is collected over the whole horizon. */
const evidenceWindow = ({ window }: UnitPlan): QueryWindow => ({ ...window, from: window.horizon, since: window.to });
