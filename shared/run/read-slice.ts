import type { Pack } from "../core/pack.ts";
import type { UnitPlan } from "../core/plan.ts";
import type { RowProblem } from "../core/row.ts";
import { parseRows } from "../core/row.ts";
import type { RunCounters } from "../core/run-counters.ts";
import type { Row } from "../core/sighting.ts";
import type { RowsAnswer, Source } from "../core/source.ts";
import type { Slice } from "../core/slice.ts";
import { sliceName, split } from "../core/slice.ts";
import { SourceError } from "../errors.ts";
import type { Logger } from "../logger.ts";

/** Bad rows are logged one by one up to this number, then counted. */
const MAX_LOGGED = 20;

/** Everything that reading a slice needs. */
export interface SliceReading {
  readonly source: Source;
  readonly pack: Pack;
  readonly counters: RunCounters;
  readonly log: Logger;
}

/** `too-much`: less has to be queried at once. */
export type SliceAnswer = { readonly kind: "too-much" } | { readonly kind: "read"; readonly answer: RowsAnswer };

/** Less at once could help. */
export const isTooMuch = (error: unknown): error is SourceError =>
  error instanceof SourceError && (error.kind === "too-large" || error.kind === "timeout");

/** Queries one slice. @throws {SourceError} unless a finer slice could help */
export async function readSlice(unit: UnitPlan, slice: Slice, reading: SliceReading): Promise<SliceAnswer> {
  const { source, pack, counters, log } = reading;
  const place = placeOf(slice, reading);
  const divisible = split(slice) !== undefined;
  const started = performance.now();
  let answer;
  try {
    counters.queries += 1;
    answer = await source.query(pack, unit.window, slice);
  } catch (error) {
    if (!isTooMuch(error) || !divisible) throw error;
    log.warn(
      { event: "query.too-much", ...place, reason: error.message },
      "the query was too much at once; its slices follow",
    );
    return { kind: "too-much" };
  }
  const { complete, partialReason } = answer;
  if (!complete && divisible) {
    answer.discard();
    log.warn({ event: "query.partial", ...place, reason: partialReason }, "the answer is partial; its slices follow");
    return { kind: "too-much" };
  }
  counters.rows += answer.count;
  log.info(
    {
      event: "query.completed",
      ...place,
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

/** The rows of an answer, batch by batch: all of them at once would outgrow the answer. */
export function* rowsOf(answer: RowsAnswer, slice: Slice, reading: SliceReading): Generator<readonly Row[]> {
  const { pack, counters, log } = reading;
  const place = placeOf(slice, reading);
  const rejecting = problemLog("row.rejected", "a row can't be used; the others go on", place, log);
  const repairing = problemLog("row.repaired", "a row is used without its unreadable cells", place, log);
  for (const batch of answer.batches) {
    const { rows, rejected, repaired } = parseRows(batch, pack);
    counters.rejected += rejected.length;
    rejecting.add(rejected);
    repairing.add(repaired);
    yield rows;
  }
  rejecting.end();
  repairing.end();
}

function problemLog(event: string, message: string, place: Readonly<Record<string, string>>, log: Logger) {
  let count = 0;
  return {
    add(problems: readonly RowProblem[]): void {
      for (const { key, reason } of problems.slice(0, Math.max(0, MAX_LOGGED - count)))
        log.warn({ event, ...place, key, reason }, message);
      count += problems.length;
    },
    end(): void {
      if (count > MAX_LOGGED) log.warn({ event, ...place, more: count - MAX_LOGGED }, `${message}: and more`);
    },
  };
}

const placeOf = (slice: Slice, { source, pack }: SliceReading): Readonly<Record<string, string>> => ({
  source: source.name,
  pack: pack.name,
  slice: sliceName(slice),
});
