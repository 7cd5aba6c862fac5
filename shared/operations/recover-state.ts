import { announceContextOf } from "../announce/announce-context.ts";
import { processRows } from "../announce/process-rows.ts";
import type { ApprovalSet } from "../core/approval.ts";
import type { Pack } from "../core/pack.ts";
import { planUnit } from "../core/plan.ts";
import { parseRows } from "../core/row.ts";
import type { Row } from "../core/sighting.ts";
import type { RowsAnswer, Source } from "../core/source.ts";
import type { Slice } from "../core/slice.ts";
import { COVERAGE_SLICES, partitionsOf, sliceName, split } from "../core/slice.ts";
import type { CoverageRecord, CoverageSnapshot } from "../core/stores/coverage-store.ts";
import { unitKey } from "../core/stores/coverage-store.ts";
import { SourceError } from "../errors.ts";
import { createEvidenceLookup } from "../evidence/collect.ts";
import { lostPartitions, storedEpochs } from "../run/epochs.ts";
import { isTooMuch } from "../run/read-slice.ts";
import type { Service } from "../run/run-context.ts";

export type Recovery = "restore" | "announce-again";

export interface RecoveryResult {
  /** Partitions that were lost. Empty: there was nothing to accept, and nothing was done. */
  readonly partitions: readonly string[];
  /** Sightings written as known, silently. */
  readonly restored: number;
  /** Units whose coverage was deleted, so that the next run reads their whole horizon. */
  readonly deleted: number;
}

/** A unit that was covered and whose partition is lost. */
interface LostUnit {
  readonly key: string;
  readonly coverage: CoverageRecord;
  readonly slice: Slice;
  readonly pack: Pack;
  readonly source: Source;
}

/** Everything that a restore reads once. */
interface Restoring {
  readonly service: Service;
  readonly snapshot: CoverageSnapshot;
  readonly approvals: ApprovalSet;
  readonly now: Date;
}

/**
 * An operator accepts that the state was lost. `restore`: what had been ingested before covered-to was announced then; it is written as known,
 * silently, from the whole horizon. `announce-again`: new epochs, hence new ids, and coverage is deleted: all of the horizon is announced again.
 * Only the lost partitions are touched. May be cut off and repeated: the loss stays until the last step, Coverage's new names for the epochs.
 */
export async function recoverState(service: Service, recovery: Recovery): Promise<RecoveryResult> {
  const { coverage, sightings } = service;
  const now = service.clock();
  const snapshot = await coverage.snapshot();
  const partitions = lostPartitions(snapshot, await storedEpochs(sightings));
  if (partitions.length === 0) return { partitions, restored: 0, deleted: 0 };

  const units = lostUnits(service, snapshot, partitions);
  let restored = 0;
  let deleted = 0;
  if (recovery === "restore") {
    // A sighting that an approval covers is restored as expected, so that the end of the approval is announced.
    const approvals = await service.approvals.current();
    for (const unit of units) restored += await restoreSlice(unit, unit.slice, { service, snapshot, approvals, now });
  } else {
    await coverage.deleteUnits(units.map(({ key }) => key));
    deleted = units.length;
  }
  for (const partition of partitions) {
    const epoch = service.newId();
    if (recovery === "announce-again") await sightings.replaceEpoch(partition, epoch);
    const named = recovery === "announce-again" ? epoch : await sightings.makeEpoch(partition, epoch);
    await coverage.renameEpoch(partition, named);
  }
  service.log.warn(
    { event: "state.accepted", how: recovery, partitions, restored, deleted },
    "an operator accepted the loss of the state",
  );
  return { partitions, restored, deleted };
}

const lostUnits = (
  { sources, packs }: Service,
  snapshot: CoverageSnapshot,
  partitions: readonly string[],
): readonly LostUnit[] =>
  sources.flatMap((source) =>
    packs.flatMap((pack) =>
      COVERAGE_SLICES.filter((slice) =>
        partitionsOf(slice).some((partition) => partitions.includes(partition)),
      ).flatMap((slice): LostUnit[] => {
        const key = unitKey(source.name, pack.name, sliceName(slice));
        const coverage = snapshot.units.get(key);
        return coverage ? [{ key, coverage, slice, pack, source }] : [];
      }),
    ),
  );

/** Writes as known the rows that had been ingested when the unit was last covered; queries deeper slices where the answer is too large. */
async function restoreSlice(unit: LostUnit, slice: Slice, restoring: Restoring): Promise<number> {
  const { service, snapshot, approvals, now } = restoring;
  const { pack, source, coverage } = unit;
  const plan = planUnit(slice, pack, undefined, service.settings, now);
  const parts = split(slice);
  const answer = await queryOrSplit(
    () => source.query(pack, { ...plan.window, until: coverage.coveredTo }, slice),
    parts !== undefined,
  );
  if (!answer) {
    let restored = 0;
    for (const part of parts ?? []) restored += await restoreSlice(unit, part, restoring);
    return restored;
  }
  const origin = { ...service, snapshot, epochs: new Map<string, string>(), approvals, runId: "state-accept", now };
  const result = await processRows(
    rowsOf(answer, pack),
    {
      ...announceContextOf(pack, source, origin),
      unit: plan,
      policy: { dormancyDays: 0, complete: true, gapEnds: new Map() },
      evidence: (candidates) =>
        createEvidenceLookup(candidates, {
          source,
          pack,
          window: plan.window,
          approvals: approvals.approvals,
          now,
          counters: { queries: 0 },
          log: service.log,
        }),
      announce: false,
    },
    service.sightings,
    service.log,
  ).finally(() => answer.discard());
  return result.new;
}

function* rowsOf({ batches }: RowsAnswer, pack: Pack): Generator<readonly Row[]> {
  for (const batch of batches) yield parseRows(batch, pack).rows;
}

/** `undefined`: query finer slices. A partial answer would leave known sightings out, and they would be announced again. */
async function queryOrSplit(query: () => Promise<RowsAnswer>, divisible: boolean): Promise<RowsAnswer | undefined> {
  try {
    const answer = await query();
    if (answer.complete) return answer;
    answer.discard();
    if (divisible) return undefined;
    throw new SourceError(
      "too-large",
      `the restore got a partial answer that can't be cut finer: ${answer.partialReason ?? "no reason given"}`,
    );
  } catch (error) {
    if (divisible && isTooMuch(error)) return undefined;
    throw error;
  }
}
