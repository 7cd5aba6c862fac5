import type { AnnounceContext } from "../announce/announce-context.ts";
import { announceContextOf } from "../announce/announce-context.ts";
import { assignWave } from "../announce/assign-wave.ts";
import type { BatchContext } from "../announce/commit.ts";
import { batchSize, commitBatch, writeAt } from "../announce/commit.ts";
import type { RetryableBatch } from "../announce/commit-with-retry.ts";
import { commitWithRetry } from "../announce/commit-with-retry.ts";
import { logCommitted } from "../announce/log-committed.ts";
import type { ActiveDetection } from "../core/active-detection.ts";
import { findActiveDetection } from "../core/active-detection.ts";
import type { StoredDecision, StoredPolicy } from "../core/decide-stored.ts";
import { plainSighting } from "../core/decide-stored.ts";
import type { Announce, SaveQuietly } from "../core/decide-write.ts";
import { epochOf } from "../core/decide-write.ts";
import { messageId } from "../core/message-id.ts";
import type { Detection } from "../core/pack.ts";
import type { Row, Sighting } from "../core/sighting.ts";
import { partitionOf } from "../core/slice.ts";
import type { SourceLabel } from "../core/source.ts";
import { chunksOf } from "../core/split-list.ts";
import { encodeEvidence } from "../core/stored-evidence.ts";
import { sightingRowKey } from "../core/stores/sighting-key.ts";
import type { SightingRecord } from "../core/stores/sightings-store.ts";
import type { ReviewContext } from "./review-context.ts";
import { assertCurrent } from "./review-context.ts";

type Records = ReadonlyMap<string, SightingRecord>;

/** A write, with the RowKey under which its record was read: a record of a superseded id is written under the active one. */
interface KeyedWrite {
  readonly kind: string;
  readonly key: string;
  readonly write: Announce | SaveQuietly;
}

/**
 * Writes the policy's decisions about stored sightings of any partitions: those to be announced with their messages and waves, the others
 * silently. Sightings of detections that no pack has are left alone. R8: after a conflict it reads, decides and builds again.
 * @throws {SupersededError} {StateError}
 */
export async function reannounce(
  sightings: readonly SightingRecord[],
  policy: StoredPolicy,
  context: ReviewContext,
): Promise<void> {
  for (const [id, ofDetection] of Map.groupBy(sightings, ({ detectionId }) => detectionId)) {
    const active = findActiveDetection(id, context.packs);
    if (active) await reannounceDetection(ofDetection, policy, active, context);
  }
}

async function reannounceDetection(
  found: readonly SightingRecord[],
  policy: StoredPolicy,
  { detection, pack }: ActiveDetection,
  context: ReviewContext,
): Promise<void> {
  const sightings = await withoutInherited(found, detection, context);
  const announceContext = announceContextOf(pack, labelOf(sightings[0]?.source ?? "", context), context);
  const evidence = sightings.flatMap((sighting) => {
    const decision = policy(sighting, detection);
    return decision.kind === "announce" ? [decision.evidence] : [];
  });
  const { wave, opened } = await assignWave(detection, evidence, announceContext);
  if (opened) context.counters.waves += 1;
  for (const [source, ofSource] of Map.groupBy(sightings, (sighting) => sighting.source)) {
    const batch: BatchContext = {
      ...announceContext,
      source: labelOf(source, context),
      detection,
      window: { from: context.now, to: context.now },
      otherTools: () => undefined,
      ...(wave && { wave }),
    };
    for (const [partition, inPartition] of Map.groupBy(ofSource, ({ deviceId }) => partitionOf(deviceId))) {
      await assertCurrent(context);
      const records = byRowKey(inPartition);
      const steps = retryable(partition, policy, batch, context);
      for (const keys of chunksOf([...records.keys()], batchSize(wave))) await commitWithRetry(keys, records, steps);
    }
  }
}

function retryable(
  partition: string,
  policy: StoredPolicy,
  batch: BatchContext,
  context: ReviewContext,
): RetryableBatch<string, Records, KeyedWrite> {
  const { sightings, counters, log, now } = context;
  const { detection } = batch;
  return {
    partition,
    itemOf: ({ key }) => key,
    kindOf: () => "commit",
    reload: async (items) => {
      await assertCurrent(context);
      return byRowKey(await withoutInherited(await sightings.storedKeys(partition, items), detection, context));
    },
    decide: (items, records) =>
      items.flatMap((key) => {
        const record = records.get(key);
        const write = record && toWrite(record, policy(record, detection), detection, partition, context);
        return write ? { kind: write.kind, key, write } : [];
      }),
    commit: (keyed) =>
      commitBatch(
        partition,
        keyed.map(({ write }) => write),
        batch,
        sightings,
      ),
    itemAt: (keyed, index) => writeAt(keyed, index, batch)?.key,
    committed: (keyed) => {
      const writes = keyed.map(({ write }) => write);
      counters.announced += writes.filter(({ kind }) => kind === "announce").length;
      counters.expected += writes.filter(
        ({ kind, sighting }) => kind === "save-quietly" && sighting.decidedAt === now,
      ).length;
      logCommitted(writes, batch, log);
    },
    quarantine: (key, reason) => {
      counters.quarantined += 1;
      log.error(
        { event: "state.quarantined", partition, key, reason },
        "the state refused this sighting; each review tries it again",
      );
    },
  };
}

const byRowKey = (records: readonly SightingRecord[]): Records =>
  new Map(records.map((record) => [sightingRowKey(record), record]));

/** R11: a sighting that the new id has inherited is judged there, and no more under the old id. */
async function withoutInherited(
  records: readonly SightingRecord[],
  { id }: Detection,
  { sightings }: ReviewContext,
): Promise<readonly SightingRecord[]> {
  const renamed = records.filter(({ detectionId }) => detectionId !== id);
  if (renamed.length === 0) return records;
  const newKey = ({ deviceId }: SightingRecord): string => sightingRowKey({ detectionId: id, deviceId });
  const inherited = new Set<string>();
  for (const [partition, inPartition] of Map.groupBy(renamed, ({ deviceId }) => partitionOf(deviceId)))
    for (const key of (await sightings.readKeys(partition, inPartition.map(newKey))).keys()) inherited.add(key);
  return records.filter((record) => record.detectionId === id || !inherited.has(newKey(record)));
}

function toWrite(
  record: SightingRecord,
  decision: StoredDecision,
  detection: Detection,
  partition: string,
  context: Pick<AnnounceContext, "approvals" | "epochs" | "now">,
): Announce | SaveQuietly | undefined {
  if (decision.kind === "nothing") return undefined;
  // A renamed one is written as a new entity under the new id, so that the run that inherits it conflicts with this one.
  const isRenamed = record.detectionId !== detection.id;
  const name = isRenamed ? { detectionId: detection.id, definitionHash: detection.hash } : {};
  const evidence = decision.evidence ?? record.evidence;
  const common = {
    row: { ...rowOf(record), ...(isRenamed && { detectionId: detection.id }) },
    ...(!isRenamed && { etag: record.etag }),
    ...((isRenamed || evidence !== record.evidence) && { stored: encodeEvidence(evidence, record).text }),
  };
  if (decision.kind === "save-quietly")
    return { kind: "save-quietly", ...common, novelty: "inherited", sighting: { ...decision.sighting, ...name } };
  const { approvalId: _a, waveId: _w, messageId: _m, ...rest } = { ...plainSighting(record), ...name };
  const sighting: Sighting = {
    ...rest,
    disposition: "announced",
    announcement: record.announcement + 1,
    approvalsVersion: context.approvals.version,
    decidedAt: context.now,
  };
  return {
    kind: "announce",
    ...common,
    novelty: "reannounced",
    sighting: { ...sighting, messageId: messageId({ ...sighting, epochId: epochOf(partition, context) }) },
    evidence: decision.evidence,
    cause: decision.cause,
  };
}

/** The row behind a stored sighting, as far as it is stored. */
const rowOf = (record: SightingRecord): Row => ({
  detectionId: record.detectionId,
  deviceId: record.deviceId,
  deviceName: record.deviceName,
  firstSeen: record.firstSeen,
  lastSeen: record.lastSeen,
  reports: [],
  count: 0,
  certificate: { deviceGroup: record.deviceGroup, counterfeit: record.counterfeit, signers: [], files: [] },
});

/** Of a source that is no longer in the settings only the name is left. */
const labelOf = (name: string, { sources }: Pick<ReviewContext, "sources">): SourceLabel =>
  sources.find((source) => source.name === name) ?? {
    id: "00000000-0000-0000-0000-000000000000",
    name,
    kind: "log-analytics",
  };
