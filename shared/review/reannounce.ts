import type { ApprovalSet } from "../core/approval.ts";
import { approve } from "../core/approve.ts";
import type { Evidence } from "../core/evidence.ts";
import { messageId } from "../core/message-id.ts";
import type { Detection, Pack } from "../core/pack.ts";
import { approvalSubjectOf, review } from "../core/review.ts";
import type { Cause, Row, Sighting } from "../core/sighting.ts";
import { partitionOf } from "../core/slice.ts";
import { encodeEvidence } from "../core/stored-evidence.ts";
import type { SightingRecord } from "../azure/sightings-table.ts";
import { sightingRowKey } from "../azure/sightings-table.ts";
import { batchSize, commitBatch } from "../announce/commit.ts";
import { StateError } from "../errors.ts";
import { assignWave } from "../announce/assign-wave.ts";
import type { SaveQuietly, Announce } from "../core/decide-write.ts";
import { epochOf } from "../core/decide-write.ts";
import type { Logger } from "../logger.ts";
import type { Service } from "../run/run.ts";
import { logCommitted } from "../announce/log-committed.ts";
import type { AnnounceOrigin } from "../announce/announce-context.ts";
import { announceContextOf } from "../announce/announce-context.ts";
import type { RunCounters } from "../run/run-unit.ts";

/** Rounds of read, judge, build and write for one transaction. Design §4. */
const MAX_ATTEMPTS = 4;

export interface ReviewContext extends AnnounceOrigin {
  readonly service: Service;
  readonly counters: RunCounters;
  readonly log: Logger;
}

/** Somebody applied another set of approvals: this run's judgement must not be the last (R6). */
export class SupersededError extends Error {
  override readonly name = "SupersededError";
}

/** @throws {SupersededError} when the pointer is no longer at the set that this run judges by */
export async function assertCurrent({
  service,
  approvals,
}: Pick<ReviewContext, "service" | "approvals">): Promise<void> {
  const version = await service.approvals.pointer();
  if (version !== approvals.version)
    throw new SupersededError(`the approvals are at version ${version}, this run has ${approvals.version}`);
}

/** What becomes of a stored sighting, as it stands now. Pure. */
type Verdict =
  | { readonly kind: "tell"; readonly cause: Cause; readonly evidence: Evidence }
  | { readonly kind: "keep"; readonly sighting: Sighting; readonly evidence?: Evidence }
  | { readonly kind: "nothing" };

export type StoredPolicy = (of: SightingRecord, detection: Detection) => Verdict;

/** By the approvals alone, on what is stored; `asked`: what was looked up again of a sighting, where an approval compares more. */
export const decideByApprovals =
  (set: ApprovalSet, now: Date, asked: (of: SightingRecord) => Evidence | undefined = () => undefined): StoredPolicy =>
  (of, detection) => {
    const evidence = asked(of) ?? of.evidence;
    const judged = review({ ...of, evidence }, detection.tool, set, now);
    if (judged.kind === "lift") return { kind: "tell", cause: "approval-ended", evidence };
    // R13: what can't be kept whole could not be judged again.
    if (judged.kind === "expect" && evidence !== of.evidence && !encodeEvidence(evidence, of).whole)
      return { kind: "nothing" };
    if (judged.kind === "expect")
      return {
        kind: "keep",
        evidence,
        sighting: {
          ...plain(of),
          disposition: "expected",
          approvalId: judged.approvalId,
          approvalsVersion: set.version,
          decidedAt: now,
        },
      };
    return judged.note ? { kind: "keep", sighting: { ...plain(of), ...judged.note } } : { kind: "nothing" };
  };

/** By what a look has found beside what is stored: new activity that no approval covers is told. */
export const decideByNewEvidence =
  (found: (of: SightingRecord) => Evidence | undefined, set: ApprovalSet, now: Date): StoredPolicy =>
  (of, detection) => {
    const evidence = found(of);
    if (of.disposition !== "expected" || of.approvalsVersion > set.version || !evidence) return { kind: "nothing" };
    const verdict = approve(approvalSubjectOf(of, detection.tool), evidence, set.approvals, now);
    const stored = encodeEvidence(evidence, of);
    // R13: what can't be kept whole could not be judged again.
    if (!verdict.covered || !stored.whole) return { kind: "tell", cause: "new-activity", evidence };
    return {
      kind: "keep",
      sighting: { ...plain(of), approvalId: verdict.approvalId, approvalsVersion: set.version },
      evidence,
    };
  };

/** What of a stored sighting is written back. */
function plain(of: SightingRecord): Sighting {
  const { evidence: _e, deviceGroup: _g, counterfeit: _c, etag: _t, ...sighting } = of;
  return sighting;
}

/**
 * Writes what the judge makes of stored sightings of any partitions, all of detections that are looked for: those to be told with
 * their messages and waves, the others silently. R8: a conflict means read, judge and build again.
 * @throws {SupersededError} {StateError}
 */
export async function reannounce(
  sightings: readonly SightingRecord[],
  policy: StoredPolicy,
  context: ReviewContext,
): Promise<void> {
  for (const [id, ofDetection] of Map.groupBy(sightings, ({ detectionId }) => detectionId)) {
    const found = findActiveDetection(id, context.service.packs);
    if (found) await reannounceDetection(ofDetection, policy, found, context);
  }
}

/** The detection of an id, or the one that took its place, and its pack; `undefined` where neither is looked for. */
export function findActiveDetection(
  id: string,
  packs: readonly Pack[],
): { readonly detection: Detection; readonly pack: Pack } | undefined {
  return firstOf(packs, (detection) => detection.id === id) ?? firstOf(packs, (one) => one.supersedes.includes(id));
}

function firstOf(
  packs: readonly Pack[],
  isSought: (detection: Detection) => boolean,
): ReturnType<typeof findActiveDetection> {
  for (const pack of packs) {
    const detection = pack.detections.find(isSought);
    if (detection) return { detection, pack };
  }
  return undefined;
}

/** A stored sighting under the id by which it is looked for now. */
export const withActiveId = (of: SightingRecord, packs: readonly Pack[]): SightingRecord => ({
  ...of,
  detectionId: findActiveDetection(of.detectionId, packs)?.detection.id ?? of.detectionId,
});

/** R11: what the new id has taken over is judged there, and no more under the old one. */
async function notTakenOver(
  sightings: readonly SightingRecord[],
  { id }: Detection,
  { service }: ReviewContext,
): Promise<readonly SightingRecord[]> {
  const renamed = sightings.filter(({ detectionId }) => detectionId !== id);
  if (renamed.length === 0) return sightings;
  const newKey = ({ deviceId }: SightingRecord): string => sightingRowKey({ detectionId: id, deviceId });
  const taken = new Set<string>();
  for (const [partition, inPartition] of Map.groupBy(renamed, ({ deviceId }) => partitionOf(deviceId)))
    for (const key of (await service.sightings.readKeys(partition, inPartition.map(newKey))).keys()) taken.add(key);
  return sightings.filter((of) => of.detectionId === id || !taken.has(newKey(of)));
}

async function reannounceDetection(
  found: readonly SightingRecord[],
  policy: StoredPolicy,
  { detection, pack }: { readonly detection: Detection; readonly pack: Pack },
  context: ReviewContext,
): Promise<void> {
  const { service, counters, now, log } = context;
  const sightings = await notTakenOver(found, detection, context);
  const announceContext = announceContextOf(pack, placeOf(sightings[0]?.workspace ?? "", service), context);
  const toTell = sightings.flatMap((of) => {
    const verdict = policy(of, detection);
    return verdict.kind === "tell" ? [verdict.evidence] : [];
  });
  const { wave, opened } = await assignWave(detection, toTell.length, toTell, announceContext);
  if (opened) counters.waves += 1;
  for (const [workspace, inWorkspace] of Map.groupBy(sightings, (of) => of.workspace)) {
    const batch = {
      ...announceContext,
      workspace: placeOf(workspace, service),
      detection,
      window: { from: now, to: now },
      otherTools: () => undefined,
      ...(wave && { wave }),
    };
    for (const [partition, inPartition] of Map.groupBy(inWorkspace, ({ deviceId }) => partitionOf(deviceId))) {
      await assertCurrent(context);
      for (let i = 0; i < inPartition.length; i += batchSize(wave))
        await commit(partition, inPartition.slice(i, i + batchSize(wave)), 0);
    }

    async function commit(partition: string, chunk: readonly SightingRecord[], round: number): Promise<void> {
      const writes = chunk.flatMap((of): (Announce | SaveQuietly)[] =>
        toWrite(of, policy(of, detection), detection, partition, context),
      );
      if (writes.length === 0) return;
      const outcome = await commitBatch(partition, writes, batch, service.sightings);
      switch (outcome.kind) {
        case "done":
          counters.announced += writes.filter(({ kind }) => kind === "tell").length;
          counters.expected += writes.filter(
            ({ kind, sighting }) => kind === "keep" && sighting.decidedAt === now,
          ).length;
          logCommitted(writes, batch, log);
          return;
        case "too-much":
          for (const half of halves(chunk)) await commit(partition, half, round);
          return;
        case "refused":
          if (chunk.length > 1) for (const half of halves(chunk)) await commit(partition, half, round);
          else {
            counters.quarantined += 1;
            log.error(
              {
                event: "state.quarantined",
                partition,
                key: chunk[0] && sightingRowKey(chunk[0]),
                reason: outcome.reason,
              },
              "the state refused this sighting; each review tries it again",
            );
          }
          return;
        case "conflict":
          if (round + 1 >= MAX_ATTEMPTS)
            throw new StateError(
              `sightings of partition ${partition} still conflict after ${MAX_ATTEMPTS} rounds: other runs keep writing them; the next run tries again`,
            );
          await assertCurrent(context);
          await commit(
            partition,
            await notTakenOver(
              await service.sightings.storedKeys(partition, chunk.map(sightingRowKey)),
              detection,
              context,
            ),
            round + 1,
          );
      }
    }
  }
}

function toWrite(
  of: SightingRecord,
  verdict: Verdict,
  detection: Detection,
  partition: string,
  context: ReviewContext,
): (Announce | SaveQuietly)[] {
  if (verdict.kind === "nothing") return [];
  // A renamed one is written as a new entity under the new id, so that the run that takes it over conflicts with this one.
  const isRenamed = of.detectionId !== detection.id;
  const name = isRenamed ? { detectionId: detection.id, definitionHash: detection.hash } : {};
  const { etag, evidence: before } = of;
  const evidence = verdict.evidence ?? before;
  const common = {
    row: { ...rowOf(of), ...(isRenamed && { detectionId: detection.id }) },
    ...(!isRenamed && { etag }),
    ...((isRenamed || evidence !== before) && { stored: encodeEvidence(evidence, of).text }),
  };
  if (verdict.kind === "keep")
    return [{ kind: "keep", ...common, novelty: "adopted", sighting: { ...verdict.sighting, ...name } }];
  const { approvalId: _a, waveId: _w, messageId: _m, ...rest } = { ...plain(of), ...name };
  const sighting: Sighting = {
    ...rest,
    disposition: "announced",
    announcement: of.announcement + 1,
    approvalsVersion: context.approvals.version,
    decidedAt: context.now,
  };
  return [
    {
      kind: "tell",
      ...common,
      novelty: "lifted",
      sighting: { ...sighting, messageId: messageId({ ...sighting, epochId: epochOf(partition, context) }) },
      evidence: verdict.evidence,
      cause: verdict.cause,
    },
  ];
}

/** The row behind a stored sighting, as far as it is stored. */
const rowOf = (of: SightingRecord): Row => ({
  detectionId: of.detectionId,
  deviceId: of.deviceId,
  deviceName: of.deviceName,
  firstSeen: of.firstSeen,
  lastSeen: of.lastSeen,
  reports: [],
  count: 0,
  certificate: { deviceGroup: of.deviceGroup, counterfeit: of.counterfeit, signers: [], files: [] },
});

/** A workspace that is no longer in the settings has its name left. */
function placeOf(
  name: string,
  { workspaces }: Pick<Service, "workspaces">,
): Service["workspaces"][number] | { name: string; id: string } {
  return workspaces.find((one) => one.name === name) ?? { name, id: "00000000-0000-0000-0000-000000000000" };
}

function halves<T>(items: readonly T[]): [T[], T[]] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}
