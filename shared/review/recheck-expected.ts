import type { Evidence } from "../core/evidence.ts";
import { NO_EVIDENCE } from "../core/evidence.ts";
import { mergeEvidence, saysMore } from "../core/evidence-fold.ts";
import type { Pack, QueryWindow } from "../core/pack.ts";
import { sightingKey } from "../core/sighting.ts";
import { partitionOf, partitionsOf } from "../core/slice.ts";
import type { SightingRecord } from "../azure/sightings-table.ts";
import { sightingRowKey } from "../azure/sightings-table.ts";
import type { ReviewContext } from "./reannounce.ts";
import {
  SupersededError,
  withActiveId,
  assertCurrent,
  decideByNewEvidence,
  decideByApprovals,
  reannounce,
  findActiveDetection,
} from "./reannounce.ts";
import { createEvidenceLookup } from "../evidence/collect.ts";
import { EVIDENCE_BATCH } from "../announce/announce-context.ts";
import type { SourceFreshness } from "../run/run-source.ts";

const DAY = 86_400_000;

interface Asked {
  readonly sighting: SightingRecord;
  readonly pack: Pack;
}

/**
 * Once a day: what has happened around the expected sightings since the last look, in every workspace, by ingestion time (R7).
 * What is new is kept with the evidence and the whole judged again; what no approval covers is told. A look that failed anywhere
 * tells nothing and leaves the mark where it was. One that is cut off is gone on with by the next run.
 */
export async function recheckExpected(
  context: ReviewContext & { readonly timeIsUp: () => boolean },
  fresh: readonly SourceFreshness[],
): Promise<void> {
  const { service, snapshot, now, log } = context;
  const mark = snapshot.marks.recheck;
  if (mark && now.getTime() - mark.getTime() < DAY) return;
  // Before the first look there is nothing that a run has not looked at when it decided.
  if (!mark) return service.coverage.moveRecheckMark(now);
  const unseeing = fresh.filter(({ error, blind }) => error !== undefined || blind.length > 0);
  if (unseeing.length > 0) {
    log.warn(
      { event: "recheck.failed", workspaces: unseeing.map(({ workspace }) => workspace.name) },
      "the daily look at expected sightings needs every workspace; the next run tries again",
    );
    return;
  }
  const since = new Date(mark.getTime() - service.settings.overlap);
  const before = snapshot.marks.recheckPosition;
  const startedAt = before?.startedAt ?? now;
  const partitions = partitionsOf("all");
  const first = Math.max(0, partitions.indexOf(before?.partition ?? ""));
  let whole = before?.whole ?? true;
  let batch: Asked[] = [];
  let position = before;
  /** False when the time is up; how far the look has come is kept then. */
  const recheckNext = async (): Promise<boolean> => {
    if (context.timeIsUp()) {
      if (position !== before) await service.coverage.saveRecheckPosition(position);
      return false;
    }
    whole = (await recheckBatch(batch, since, context, fresh)) && whole;
    const last = batch.at(-1)?.sighting;
    batch = [];
    if (last) position = { startedAt, partition: partitionOf(last.deviceId), key: sightingRowKey(last), whole };
    return true;
  };
  try {
    for (const partition of partitions.slice(first)) {
      await assertCurrent(context);
      const after = partition === before?.partition ? { after: before.key } : {};
      for await (const sighting of service.sightings.stored(partition, { expectedOr: [], ...after })) {
        const pack = findActiveDetection(sighting.detectionId, service.packs)?.pack;
        if (!pack?.evidence) continue;
        batch.push({ sighting, pack });
        if (batch.length === EVIDENCE_BATCH && !(await recheckNext())) return;
      }
    }
    if (batch.length > 0 && !(await recheckNext())) return;
  } catch (error) {
    if (!(error instanceof SupersededError)) throw error;
    log.info({ event: "recheck.superseded", reason: error.message }, "the next run looks with the newer approvals");
    return;
  }
  if (before) await service.coverage.saveRecheckPosition(undefined);
  if (whole) await service.coverage.moveRecheckMark(startedAt);
  else
    log.warn(
      { event: "recheck.failed" },
      "not everything around the expected sightings could be looked at; the next run tries again",
    );
}

/** False where something could not be looked at: then nothing of the batch is told. */
async function recheckBatch(
  batch: readonly Asked[],
  since: Date,
  context: ReviewContext,
  fresh: readonly SourceFreshness[],
): Promise<boolean> {
  const found = new Map<string, Evidence>();
  const { packs } = context.service;
  const keyOf = (of: SightingRecord): string => sightingKey(withActiveId(of, packs));
  for (const [pack, ofPack] of Map.groupBy(batch, (one) => one.pack)) {
    const sightings = ofPack.map(({ sighting }) => withActiveId(sighting, packs));
    // What was decided since the mark was looked at up to its decision at most, and by a review not at all.
    const recent = sightings.filter(({ decidedAt }) => decidedAt >= since);
    const settled = sightings.filter(({ decidedAt }) => decidedAt < since);
    for (const [asked, window] of [
      [settled, ingestedSince(since, context)],
      [recent, wholeHorizon(context)],
    ] as const)
      for (const { workspace } of fresh) {
        const set = context.approvals.approvals;
        const recheck = await createEvidenceLookup(asked, {
          ...context,
          source: workspace.source,
          pack,
          window,
          approvals: set,
        });
        const around = await recheck(asked);
        for (const [key, evidence] of around) {
          if (evidence.missing.length > 0) return false;
          found.set(key, mergeEvidence(found.get(key) ?? NO_EVIDENCE, evidence));
        }
      }
  }
  const { approvals } = context;
  const changed = batch.filter(
    ({ sighting }) =>
      (found.get(keyOf(sighting))?.pieces.length ?? 0) > 0 || sighting.approvalsVersion < approvals.version,
  );
  const policy = decideByNewEvidence(
    (of) => {
      const evidence = found.get(keyOf(of));
      const whole = evidence && mergeEvidence(of.evidence, evidence);
      return whole && saysMore(whole.pieces, of.evidence.pieces) ? whole : undefined;
    },
    approvals,
    context.now,
  );
  // R6: a run with an older set may have written one after the newer set's review.
  const again = decideByApprovals(approvals, context.now);
  await reannounce(
    changed.map(({ sighting }) => sighting),
    (of, detection) => {
      const verdict = policy(of, detection);
      return verdict.kind === "nothing" && of.disposition === "expected" ? again(of, detection) : verdict;
    },
    context,
  );
  return true;
}

/** No event time is asked for: what came late counts as well. */
const ingestedSince = (since: Date, { service, now }: ReviewContext): QueryWindow => ({
  from: now,
  to: now,
  since,
  horizon: new Date(now.getTime() - service.settings.horizon),
});

/** As a unit looks when it decides: a file arrives before its signer is seen, and another workspace may show it alone. */
function wholeHorizon({ service, now }: ReviewContext): QueryWindow {
  const horizon = new Date(now.getTime() - service.settings.horizon);
  return { from: horizon, to: now, since: now, horizon };
}
