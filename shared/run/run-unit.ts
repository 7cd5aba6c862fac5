import { createEvidenceLookup } from "../evidence/collect.ts";
import type { Pack, QueryWindow } from "../core/pack.ts";
import type { UnitPlan } from "../core/plan.ts";
import type { RowProblem } from "../core/row.ts";
import { parseRows } from "../core/row.ts";
import type { Row } from "../core/sighting.ts";
import type { RowsAnswer, Source } from "../core/source.ts";
import type { Slice } from "../core/slice.ts";
import { sliceName, split, rotateByTime } from "../core/slice.ts";
import type { SightingsTable } from "../azure/sightings-table.ts";
import { SourceError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { processRows } from "../announce/process-rows.ts";
import type { AnnounceContext } from "../announce/announce-context.ts";

/** Counted up over a run. */
export interface RunCounters {
  rows: number;
  rejected: number;
  new: number;
  returned: number;
  expected: number;
  announced: number;
  waves: number;
  quarantined: number;
  queries: number;
  readonly newByDetection: Map<string, number>;
}

export const newCounters = (): RunCounters => ({
  rows: 0,
  rejected: 0,
  new: 0,
  returned: 0,
  expected: 0,
  announced: 0,
  waves: 0,
  quarantined: 0,
  queries: 0,
  newByDetection: new Map(),
});

export type UnitOutcome =
  /** Read whole: its coverage may advance. `rows` of its largest answer and `cut` for its parts, to judge what slices the next needs. */
  | { readonly kind: "done"; readonly rows: number; readonly cut: boolean }
  /** Only part of it was read, and it can't be cut finer: what is new was told, coverage stays. */
  | { readonly kind: "incomplete"; readonly reason: string }
  /** Too much for one answer: cut it. */
  | { readonly kind: "too-much" }
  /** The run's time is up before all its parts were taken. */
  | { readonly kind: "left" };

export interface UnitWork {
  readonly source: Source;
  readonly table: SightingsTable;
  readonly announceContext: Omit<AnnounceContext, "policy" | "unit" | "evidence">;
  readonly policy: Omit<AnnounceContext["policy"], "complete">;
  readonly counters: RunCounters;
  readonly log: Logger;
  readonly timeIsUp: () => boolean;
}

/**
 * A unit with one query, or with finer ones where that is too much (`all` is cut by the caller, whose coverage is by slice).
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
    let outcome: UnitOutcome;
    try {
      const first = await runSlice(unit, part, work);
      outcome = first.kind === "too-much" ? await runParts(unit, part, work) : first;
    } catch (error) {
      // One that is too much and can't be cut finer keeps nothing from the others.
      if (!isTooMuch(error)) throw error;
      outcome = { kind: "incomplete", reason: error.message };
    }
    if (outcome.kind === "left") return outcome;
    if (outcome.kind === "done") largest = Math.max(largest, outcome.rows);
    else incomplete = outcome;
  }
  return incomplete ?? { kind: "done", rows: largest, cut: true };
}

/** Query, rows, recall, decide, remember: one answer. @throws {SourceError} unless asking for less could help */
async function runSlice(unit: UnitPlan, slice: Slice, work: UnitWork): Promise<UnitOutcome> {
  const { announceContext, counters, log } = work;
  const { approvals } = announceContext.approvals;
  const read = await readSlice(unit, slice, work);
  if (read.kind === "too-much") return read;
  const { complete, count: rows, partialReason } = read.answer;
  const result = await processRows(
    rowsOf(read.answer, slice, work),
    {
      ...announceContext,
      unit,
      policy: { ...work.policy, complete: read.answer.complete },
      evidence: (candidates) =>
        createEvidenceLookup(candidates, { ...work, ...announceContext, approvals, window: around(unit) }),
    },
    work.table,
    log,
  ).finally(() => read.answer.discard());
  counters.new += result.new;
  counters.returned += result.returned;
  counters.expected += result.expected;
  counters.announced += result.announced;
  counters.waves += result.waves;
  counters.quarantined += result.quarantined;
  for (const [id, count] of result.newByDetection)
    counters.newByDetection.set(id, (counters.newByDetection.get(id) ?? 0) + count);
  return complete
    ? { kind: "done", rows, cut: false }
    : { kind: "incomplete", reason: partialReason ?? "the service returned part of the result" };
}

/** Asking for less could help. */
const isTooMuch = (error: unknown): error is SourceError =>
  error instanceof SourceError && (error.kind === "too-large" || error.kind === "timeout");

type ReadSlice = { readonly kind: "too-much" } | { readonly kind: "read"; readonly answer: RowsAnswer };

/** One answer, or that less has to be asked for. */
async function readSlice(unit: UnitPlan, slice: Slice, work: UnitWork): Promise<ReadSlice> {
  const { source, announceContext, counters, log } = work;
  const divisible = split(slice) !== undefined;
  const started = performance.now();
  let answer;
  try {
    counters.queries += 1;
    answer = await source.query(announceContext.pack, unit.window, slice);
  } catch (error) {
    if (!isTooMuch(error) || !divisible) throw error;
    log.warn(
      { event: "query.too-much", ...place(announceContext, slice), reason: error.message },
      "asked for too much at once; the slices follow",
    );
    return { kind: "too-much" };
  }
  const { complete, partialReason } = answer;
  if (!complete && divisible) {
    answer.discard();
    log.warn(
      { event: "query.partial", ...place(announceContext, slice), reason: partialReason },
      "the answer is partial; the slices follow",
    );
    return { kind: "too-much" };
  }
  counters.rows += answer.count;
  log.info(
    {
      event: "query.completed",
      ...place(announceContext, slice),
      ...unit.window,
      rows: answer.count,
      complete,
      statistics: answer.statistics,
      durationMs: Math.round(performance.now() - started),
    },
    "query completed",
  );
  return { kind: "read", answer };
}

/** The rows of an answer, portion by portion: all of them at once would outgrow the answer. */
function* rowsOf(
  answer: RowsAnswer,
  slice: Slice,
  { announceContext, counters, log }: UnitWork,
): Generator<readonly Row[]> {
  const of = place(announceContext, slice);
  const rejecting = problemLog("row.rejected", "a row can't be used; the others go on", of, log);
  const repairing = problemLog("row.repaired", "a row is used without what can't be read of it", of, log);
  for (const batch of answer.batches) {
    const { rows, rejected, repaired } = parseRows(batch, announceContext.pack);
    counters.rejected += rejected.length;
    rejecting.say(rejected);
    repairing.say(repaired);
    yield rows;
  }
  rejecting.end();
  repairing.end();
}

/** Files arrive before they are seen, and late: the whole horizon is looked at. */
const around = ({ window }: UnitPlan): QueryWindow => ({ ...window, from: window.horizon, since: window.to });

/** Bad rows said one by one; beyond it their number is said. */
const MAX_LOGGED = 20;

function problemLog(event: string, message: string, of: Readonly<Record<string, string>>, log: Logger) {
  let met = 0;
  return {
    say(some: readonly RowProblem[]): void {
      for (const { key, reason } of some.slice(0, Math.max(0, MAX_LOGGED - met)))
        log.warn({ event, ...of, key, reason }, message);
      met += some.length;
    },
    end(): void {
      if (met > MAX_LOGGED) log.warn({ event, ...of, more: met - MAX_LOGGED }, `${message}: and more`);
    },
  };
}

const place = (
  of: { readonly pack: Pack; readonly workspace: { readonly name: string } },
  slice: Slice,
): Record<string, string> => ({
  workspace: of.workspace.name,
  pack: of.pack.name,
  slice: sliceName(slice),
});
