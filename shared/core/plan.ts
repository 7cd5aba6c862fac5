import type { Pack, QueryWindow } from "./pack.ts";
import type { Slice } from "./slice.ts";
import { COVERAGE_SLICES, sliceName } from "./slice.ts";

/** Milliseconds each. */
export interface ReadWindows {
  readonly lookback: number;
  readonly horizon: number;
  readonly overlap: number;
}

/** What Coverage says of one unit. */
export interface UnitCoverage {
  readonly coveredTo: Date;
  readonly packHash: string;
  /** End of the last unrecoverable gap, if there ever was one. */
  readonly gapEnd?: Date;
}

interface Interval {
  readonly from: Date;
  readonly to: Date;
}

/** `first`: never read before. `changed`: read before by another version of the pack. Both read the whole horizon once. */
type Baseline = "first" | "changed";

/** What one query has to read, and what it can't. */
export interface UnitPlan {
  readonly slice: Slice;
  readonly window: QueryWindow;
  readonly baseline?: Baseline;
  /** Event times before it were read already: what is first seen there now came late. Absent for a first baseline. */
  readonly lateBefore?: Date;
  /** Lies after an earlier covered-to and before what a run can reach: never read, unrecoverable. */
  readonly gap?: Interval;
  /** The file's own `ago(…)` ends later than the plan wants: this stretch is not read, and is said. */
  readonly unread?: Interval;
  /** Absent: never covered. Least covered units come first. */
  readonly coveredTo?: Date;
  /** What Coverage held when this was planned; the advance is refused over another pack's mark. */
  readonly priorHash?: string;
}

const at = (ms: number): Date => new Date(ms);
const earliest = (...times: readonly number[]): number => Math.min(...times);

/** The window of one unit. Pure; `now` is also the window's end. */
export function planUnit(
  slice: Slice,
  pack: Pick<Pack, "hash" | "ownWindow">,
  coverage: UnitCoverage | undefined,
  readWindows: ReadWindows,
  now: Date,
): UnitPlan {
  const horizon = now.getTime() - readWindows.horizon;
  // A file's own ago(…) cuts whatever the plan asks for: nothing before it is read, whether it came late or was missed.
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
 * The units of one pack in one workspace. One query for all devices while the seventeen shares stand equal and the last
 * reading did not need slices; else one a share, so that a share that was left behind is read from where it stood.
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

/** R2: a run that is cut off every time still reaches each unit in turn. Stable for equals. */
export function leastCoveredFirst<T extends { readonly coveredTo?: Date }>(units: readonly T[]): readonly T[] {
  return units.toSorted((a, b) => (a.coveredTo?.getTime() ?? -Infinity) - (b.coveredTo?.getTime() ?? -Infinity) || 0);
}

/**
 * How far a unit is covered once it was read: never beyond what had been ingested before the query (R1), never backwards
 * under the same pack. `undefined`: it stays where it was, because the workspace is blind or showed no ingestion time.
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
