import type { Ledger, StandingUnit } from "../azure/coverage-table.ts";
import { unitKey } from "../azure/coverage-table.ts";
import type { ApprovalSet } from "../core/approval.ts";
import type { Pack } from "../core/pack.ts";
import { planUnit } from "../core/plan.ts";
import { parseRows } from "../core/row.ts";
import type { Row } from "../core/sighting.ts";
import type { RowsAnswer } from "../core/source.ts";
import type { Slice } from "../core/slice.ts";
import { COVERAGE_SLICES, partitionsOf, sliceName, split } from "../core/slice.ts";
import { lostPartitions, standingEpochs } from "../run/epochs.ts";
import { SourceError } from "../errors.ts";
import { lookoutOver } from "../evidence/collect.ts";
import { remember } from "../announce/process-rows.ts";
import { tellingOf } from "../announce/announce-context.ts";
import type { Service } from "../run/run.ts";

export type Acceptance = "restore" | "retell";

export interface Accepted {
  /** Partitions that were lost. Empty: there was nothing to accept, and nothing was done. */
  readonly partitions: readonly string[];
  /** Sightings written as known, silently. */
  readonly restored: number;
  /** Units whose coverage was forgotten, so that the next run reads their whole horizon. */
  readonly forgotten: number;
}

/**
 * An operator accepts that the state was lost. `restore`: what had been ingested before covered-to was told then; it is
 * written as known, silently, from the whole horizon. `retell`: new epochs, hence new ids, and coverage is forgotten: all of
 * the horizon is told again. Only the lost partitions are touched. May be cut off and repeated: the loss stands until the
 * last step, Coverage's new names for the epochs.
 */
export async function accept(service: Service, how: Acceptance): Promise<Accepted> {
  const { coverage, sightings } = service;
  const now = service.clock();
  const ledger = await coverage.ledger();
  const standing = await standingEpochs(sightings);
  const partitions = lostPartitions(ledger, standing);
  if (partitions.length === 0) return { partitions, restored: 0, forgotten: 0 };

  let restored = 0;
  let forgotten = 0;
  if (how === "restore") {
    // What an approval covers is restored as expected, so that its end is told.
    const approvals = await service.approvals.current();
    for (const { unit, slice, pack, workspace } of lostUnits(service, ledger, partitions))
      restored += await restoreUnit(service, workspace, pack, slice, unit, { ledger, approvals, now });
  } else {
    const keys = lostUnits(service, ledger, partitions).map(({ key }) => key);
    await coverage.forgetUnits(keys);
    forgotten = keys.length;
  }
  for (const partition of partitions) {
    const epoch = service.newId();
    if (how === "retell") await sightings.replaceEpoch(partition, epoch);
    await coverage.renameEpoch(partition, how === "retell" ? epoch : await sightings.makeEpoch(partition, epoch));
  }
  service.log.warn(
    { event: "state.accepted", how, partitions, restored, forgotten },
    "an operator accepted the loss of the state",
  );
  return { partitions, restored, forgotten };
}

interface Restoring {
  readonly ledger: Ledger;
  readonly approvals: ApprovalSet;
  readonly now: Date;
}

interface LostUnit {
  readonly key: string;
  readonly unit: StandingUnit;
  readonly slice: Slice;
  readonly pack: Pack;
  readonly workspace: Service["workspaces"][number];
}

/** The units that were covered and whose partition is lost. */
function lostUnits(service: Service, ledger: Ledger, partitions: readonly string[]): readonly LostUnit[] {
  return service.workspaces.flatMap((workspace) =>
    service.packs.flatMap((pack) =>
      COVERAGE_SLICES.flatMap((slice): LostUnit[] => {
        const key = unitKey(workspace.name, pack.name, sliceName(slice));
        const unit = ledger.units.get(key);
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
  unit: StandingUnit,
  { ledger, approvals, now }: Restoring,
): Promise<number> {
  const plan = planUnit(slice, pack, undefined, service.settings, now);
  const answer = await queryOrSplit(
    () => workspace.source.query(pack, { ...plan.window, until: unit.coveredTo }, slice),
    split(slice) !== undefined,
  );
  if (!answer) {
    let restored = 0;
    for (const part of split(slice) ?? [])
      restored += await restoreUnit(service, workspace, pack, part, unit, { ledger, approvals, now });
    return restored;
  }
  const remembered = await remember(
    rowsOf(answer, pack),
    {
      ...tellingOf(pack, workspace, {
        service,
        ledger,
        epochs: new Map(),
        approvals,
        runId: "state-accept",
        now,
      }),
      unit: plan,
      judgement: { dormancyDays: 0, complete: true, gapEnds: new Map() },
      evidence: (candidates) =>
        lookoutOver(candidates, {
          source: workspace.source,
          pack,
          window: plan.window,
          approvals: approvals.approvals,
          now,
          tally: { queries: 0 },
          log: service.log,
        }),
      tell: false,
    },
    service.sightings,
    service.log,
  ).finally(() => answer.discard());
  return remembered.new;
}

function* rowsOf({ portions }: RowsAnswer, pack: Pack): Generator<readonly Row[]> {
  for (const portion of portions) yield parseRows(portion, pack).rows;
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
