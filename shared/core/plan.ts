import type { Pack, QueryWindow } from "./pack.ts";
import type { Slice } from "./slice.ts";
import { COVERAGE_SLICES, sliceName } from "./slice.ts";

/** How far runs read, in milliseconds. */
export interface ReadWindows {
  readonly lookback: number;
  readonly horizon: number;
  readonly overlap: number;
}

/** The coverage of one unit. */
export interface UnitCoverage {
  readonly coveredTo: Date;
  readonly packHash: string;
  /** End of the last unrecoverable gap; absent: there was none. */
  readonly gapEnd?: Date;
}

interface Interval {
  readonly from: Date;
  readonly to: Date;
}

/** `first`: never read. `changed`: last read by another version of the pack. Both read the whole horizon once. */
type Baseline = "first" | "changed";

/** The plan of one unit: the window that its query reads, and the stretches that it can't read. */
export interface UnitPlan {
  readonly slice: Slice;
  readonly window: QueryWindow;
  readonly baseline?: Baseline;
  /** Event times before this were read already: a row first seen before it arrived late. Absent for a first baseline. */
  readonly lateBefore?: Date;
  /** The stretch between the earlier covered-to and the earliest event that a run can read. Never read: unrecoverable. */
  readonly gap?: Interval;
  /** The stretch that the plan wants and the file's own `ago(…)` excludes. It is not read. */
  readonly unread?: Interval;
  /** Absent: never covered. Least covered units come first. */
  readonly coveredTo?: Date;
  /** Pack hash in Coverage when the unit was planned. The advance is refused where another pack has written its own meanwhile. */
  readonly priorHash?: string;
}

const at = (ms: number): Date => new Date(ms);
const earliest = (...times: readonly number[]): number => Math.min(...times);

/** Plans one unit. Pure; `now` is also the window's end. */
export function planUnit(
  slice: Slice,
  pack: Pick<Pack, "hash" | "ownWindow">,
  coverage: UnitCoverage | undefined,
  readWindows: ReadWindows,
  now: Date,
): UnitPlan {
  const horizon = now.getTime() - readWindows.horizon;
  // A file's own ago(…) bounds every plan: no earlier event is read, whether it arrived late or was missed.
  const reachable = Math.max(horizon, now.getTime() - (pack.ownWindow ?? readWindows.horizon));
  const covered = coverage?.coveredTo.getTime();
  const changed = coverage !== undefined && coverage.packHash !== pack.hash;
  const baseline: Baseline | undefined = coverage === undefined ? "first" : changed ? "changed" : undefined;

  const wanted =
    covered === undefined || changed
      ? horizon
      : Math.max(
          horizon,
          earliest(
            now.getTime() - Math.min(readWindows.lookback, pack.ownWindow ?? readWindows.lookback),
            covered - readWindows.overlap,
          ),
        );
  const from = Math.max(wanted, reachable);
  const since = covered === undefined || changed ? horizon : covered - readWindows.overlap;
  return {
    slice,
    window: { from: at(from), to: now, since: at(since), horizon: at(reachable) },
    ...(baseline && { baseline }),
    ...(covered !== undefined && { lateBefore: at(covered - readWindows.overlap), coveredTo: at(covered) }),
    ...(covered !== undefined && covered < reachable && { gap: { from: at(covered), to: at(reachable) } }),
    ...(wanted < reachable && { unread: { from: at(wanted), to: at(reachable) } }),
    ...(coverage && { priorHash: coverage.packHash }),
  };
}

/**
 * The units of one pack in one source. One unit for all devices where the seventeen slices have the same coverage and the last
 * reading needed no slices. Otherwise one unit a slice, so that a slice that is behind is read from its own covered-to.
 */
export function planPack(
  pack: Pick<Pack, "hash" | "ownWindow">,
  coverage: ReadonlyMap<string, UnitCoverage>,
  sliced: boolean,
  readWindows: ReadWindows,
  now: Date,
): readonly UnitPlan[] {
  const states = COVERAGE_SLICES.map((slice) => coverage.get(sliceName(slice)));
  const equal = states.every(
    (state) => state?.coveredTo.getTime() === states[0]?.coveredTo.getTime() && state?.packHash === states[0]?.packHash,
  );
  if (equal && !sliced) return [planUnit("all", pack, states[0], readWindows, now)];
  return leastCoveredFirst(COVERAGE_SLICES.map((slice, i) => planUnit(slice, pack, states[i], readWindows, now)));
}

/** Sorts units, least covered first, so that runs that are cut off reach each unit in turn (R2). Stable for equal units. */
export function leastCoveredFirst<T extends { readonly coveredTo?: Date }>(units: readonly T[]): readonly T[] {
  return units.toSorted((a, b) => (a.coveredTo?.getTime() ?? -Infinity) - (b.coveredTo?.getTime() ?? -Infinity) || 0);
}

/**
 * The covered-to of a unit after it was read: at most the newest ingestion time before the query (R1), never backwards under the
 * same pack. `undefined`: covered-to stays, because the source is blind or has no ingestion time.
 */
export function coveredTo(
  to: Date,
  newestIngested: Date | undefined,
  blind: boolean,
  before: Date | undefined,
): Date | undefined {
  if (blind || newestIngested === undefined) return undefined;
  return at(Math.max(earliest(to.getTime(), newestIngested.getTime()), before?.getTime() ?? -Infinity));
}
