import type { CoverageSnapshot, CoverageRecord } from "../azure/coverage-table.ts";
import { unitKey } from "../azure/coverage-table.ts";
import type { ApprovalSet } from "../core/approval.ts";
import type { Pack } from "../core/pack.ts";
import { planUnit } from "../core/plan.ts";
import { parseRows } from "../core/row.ts";
import type { Row } from "../core/sighting.ts";
import type { RowsAnswer } from "../core/source.ts";
import type { Slice } from "../core/slice.ts";
import { COVERAGE_SLICES, partitionsOf, sliceName, split } from "../core/slice.ts";
import { lostPartitions, storedEpochs } from "../run/epochs.ts";
import { SourceError } from "../errors.ts";
import { createEvidenceLookup } from "../evidence/collect.ts";
import { processRows } from "../announce/process-rows.ts";
import { announceContextOf } from "../announce/announce-context.ts";
import type { Service } from "../run/run.ts";

export type Recovery = "restore" | "announce-again";

export interface RecoveryResult {
  /** Partitions that were lost. Empty: there was nothing to accept, and nothing was done. */
  readonly partitions: readonly string[];
  /** Sightings written as known, silently. */
  readonly restored: number;
  /** Units whose coverage was forgotten, so that the next run reads their whole horizon. */
  readonly deleted: number;
}

/**
 * An operator accepts that the state was lost. `restore`: what had been ingested before covered-to was told then; it is
 * written as known, silently, from the whole horizon. `retell`: new epochs, hence new ids, and coverage is forgotten: all of
 * the horizon is told again. Only the lost partitions are touched. May be cut off and repeated: the loss stands until the
 * last step, Coverage's new names for the epochs.
 */
export async function recoverState(service: Service, how: Recovery): Promise<RecoveryResult> {
  const { coverage, sightings } = service;
  const now = service.clock();
  const snapshot = await coverage.snapshot();
  const stored = await storedEpochs(sightings);
  const partitions = lostPartitions(snapshot, stored);
  if (partitions.length === 0) return { partitions, restored: 0, deleted: 0 };

  let restored = 0;
  let deleted = 0;
  if (how === "restore") {
    // What an approval covers is restored as expected, so that its end is told.
    const approvals = await service.approvals.current();
    for (const { unit, slice, pack, workspace } of lostUnits(service, snapshot, partitions))
      restored += await restoreUnit(service, workspace, pack, slice, unit, { snapshot, approvals, now });
  } else {
    const keys = lostUnits(service, snapshot, partitions).map(({ key }) => key);
    await coverage.deleteUnits(keys);
    deleted = keys.length;
  }
  for (const partition of partitions) {
    const epoch = service.newId();
    if (how === "announce-again") await sightings.replaceEpoch(partition, epoch);
    await coverage.renameEpoch(
      partition,
      how === "announce-again" ? epoch : await sightings.makeEpoch(partition, epoch),
    );
  }
  service.log.warn(
    { event: "state.accepted", how, partitions, restored, deleted },
    "an operator accepted the loss of the state",
  );
  return { partitions, restored, deleted };
}

interface Restoring {
  readonly snapshot: CoverageSnapshot;
  readonly approvals: ApprovalSet;
  readonly now: Date;
}

interface LostUnit {
  readonly key: string;
  readonly unit: CoverageRecord;
  readonly slice: Slice;
  readonly pack: Pack;
  readonly workspace: Service["workspaces"][number];
}

/** The units that were covered and whose partition is lost. */
function lostUnits(service: Service, snapshot: CoverageSnapshot, partitions: readonly string[]): readonly LostUnit[] {
  return service.workspaces.flatMap((workspace) =>
    service.packs.flatMap((pack) =>
      COVERAGE_SLICES.flatMap((slice): LostUnit[] => {
        const key = unitKey(workspace.name, pack.name, sliceName(slice));
        const unit = snapshot.units.get(key);
        return unit && partitionsOf(slice).some((partition) => partitions.includes(partition))
          ? [{ key, unit, slice, pack, workspace }]
          : [];
      }),
    ),
  );
}

/** Writes as known what had been ingested when the unit was last covered; deeper slices where the answer is too large. */
async function restoreUnit(
  service: Service,
  workspace: LostUnit["workspace"],
  pack: Pack,
  slice: Slice,
  unit: CoverageRecord,
  { snapshot, approvals, now }: Restoring,
): Promise<number> {
  const plan = planUnit(slice, pack, undefined, service.settings, now);
  const answer = await queryOrSplit(
    () => workspace.source.query(pack, { ...plan.window, until: unit.coveredTo }, slice),
    split(slice) !== undefined,
  );
  if (!answer) {
    let restored = 0;
    for (const part of split(slice) ?? [])
      restored += await restoreUnit(service, workspace, pack, part, unit, { snapshot, approvals, now });
    return restored;
  }
  const result = await processRows(
    rowsOf(answer, pack),
    {
      ...announceContextOf(pack, workspace, {
        service,
        snapshot,
        epochs: new Map(),
        approvals,
        runId: "state-accept",
        now,
      }),
      unit: plan,
      policy: { dormancyDays: 0, complete: true, gapEnds: new Map() },
      evidence: (candidates) =>
        createEvidenceLookup(candidates, {
          source: workspace.source,
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

/** `undefined`: ask for less. A partial answer would leave known sightings out, and they would be told again. */
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
    if (divisible && error instanceof SourceError && (error.kind === "too-large" || error.kind === "timeout"))
      return undefined;
    throw error;
  }
}
