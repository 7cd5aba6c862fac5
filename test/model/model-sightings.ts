import { knownPart } from "../../shared/core/decide.ts";
import { NO_EVIDENCE } from "../../shared/core/evidence.ts";
import type { OutboxMessage } from "../../shared/core/sighting.ts";
import { partitionOf } from "../../shared/core/slice.ts";
import { decodeEvidence } from "../../shared/core/stored-evidence.ts";
import { sightingRowKey } from "../../shared/core/stores/sighting-key.ts";
import type {
  KnownRecord,
  SightingChange,
  SightingRecord,
  SightingRefresh,
  SightingsStore,
  StoredFilter,
} from "../../shared/core/stores/sightings-store.ts";
import type { WriteOutcome } from "../../shared/core/stores/write-outcome.ts";
import { MAX_ENTITIES } from "../../shared/core/stores/write-outcome.ts";
import type { ModelSighting, WorldState } from "./world-state.ts";
import { outboxKey } from "./world-state.ts";

/** The `Sightings` table: transactions of one partition, If-Match, no more than the service takes. */
export const modelSightings = (world: WorldState, task: string) =>
  ({
    readVersions: async (partition) => {
      await world.turn(task);
      return new Map([...world.partition(partition)].map(([key, { lastSeen, etag }]) => [key, { lastSeen, etag }]));
    },
    readKeys: async (partition, keys) => {
      await world.turn(task);
      const stored = world.partition(partition);
      return new Map(
        keys.flatMap((key) => {
          const sighting = stored.get(key);
          return sighting ? [[key, toKnown(sighting)]] : [];
        }),
      );
    },
    stored: (partition, filter) => readStored(world, task, partition, filter),
    storedKeys: async (partition, keys) => {
      await world.turn(task);
      const stored = world.partition(partition);
      return keys.flatMap((key) => {
        const sighting = stored.get(key);
        return sighting ? [toRecord(sighting)] : [];
      });
    },
    detectionsOn: async (partition, deviceIds) => {
      await world.turn(task);
      const detections = new Map<string, string[]>();
      for (const { change } of world.partition(partition).values())
        if (deviceIds.includes(change.deviceId))
          detections.set(change.deviceId, [...(detections.get(change.deviceId) ?? []), change.detectionId]);
      return detections;
    },
    epoch: async (partition) => {
      // The partitions are read at once: one effect.
      if (partition === "0") await world.turn(task);
      return world.epochs.get(partition);
    },
    makeEpoch: async (partition, epoch) => {
      await world.turn(task);
      const stored = world.epochs.get(partition) ?? epoch;
      world.epochs.set(partition, stored);
      return stored;
    },
    replaceEpoch: async (partition, epoch) => {
      await world.turn(task);
      world.epochs.set(partition, epoch);
    },
    commit: async (partition, changes, messages, now) => {
      await world.turn(task);
      return commit(world, partition, changes, messages, now);
    },
    refresh: async (partition, refreshes) => {
      await world.turn(task);
      return refresh(world, partition, refreshes);
    },
  }) satisfies SightingsStore;

/** As the table reads it: what is written while it goes on may be missed or seen. */
async function* readStored(
  world: WorldState,
  task: string,
  partition: string,
  filter?: StoredFilter,
): AsyncGenerator<SightingRecord, void, undefined> {
  await world.turn(task);
  const byKey = [...world.partition(partition)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, sighting] of byKey) {
    const { disposition, detectionId } = sighting.change;
    if (filter?.after !== undefined && key <= filter.after) continue;
    if (!filter || disposition === "expected" || filter.expectedOr.includes(detectionId)) yield toRecord(sighting);
  }
}

function commit(
  world: WorldState,
  partition: string,
  changes: readonly SightingChange[],
  messages: readonly OutboxMessage[],
  now: Date,
): WriteOutcome {
  const stored = world.partition(partition);
  const keys = changes.map(({ sighting }) => sightingRowKey(sighting));
  if (changes.length === 0 || changes.length + messages.length > MAX_ENTITIES)
    throw new Error(`an empty transaction, or one of more than ${MAX_ENTITIES} entities`);
  if (
    new Set(keys).size !== keys.length ||
    keys.some((key) => key.split("|")[1] === "" || partitionOf(key.split("|")[1] ?? "") !== partition)
  )
    throw new Error("a transaction that no service takes");
  if (changes.some(({ sighting }) => world.refusedDevices.has(sighting.deviceId)))
    return { kind: "refused", reason: "PropertyValueTooLarge" };
  for (const [i, { etag }] of changes.entries())
    if (stored.get(keys[i] ?? "")?.etag !== etag) return { kind: "conflict" };
  if (messages.some((message) => world.outbox.has(outboxKey(partition, message, now)))) return { kind: "conflict" };
  for (const [i, { sighting, evidence }] of changes.entries()) {
    // A merge leaves what the change does not name; `waveId` and `approvalId` are always named.
    const before = stored.get(keys[i] ?? "");
    const messageId = sighting.messageId ?? before?.change.messageId;
    const merged = evidence ?? before?.evidence;
    stored.set(keys[i] ?? "", {
      change: { ...sighting, ...(messageId !== undefined && { messageId }) },
      lastSeen: sighting.lastSeen,
      etag: world.nextEtag(),
      ...(merged !== undefined && { evidence: merged }),
    });
  }
  for (const message of messages) world.enqueue(partition, message, now);
  return { kind: "done" };
}

function refresh(world: WorldState, partition: string, refreshes: readonly SightingRefresh[]): WriteOutcome {
  const stored = world.partition(partition);
  if (refreshes.length === 0) throw new Error("an empty transaction");
  if (refreshes.some((one) => stored.get(sightingRowKey(one))?.etag !== one.etag)) return { kind: "conflict" };
  for (const { deviceName, lastSeen, ...key } of refreshes) {
    const sighting = stored.get(sightingRowKey(key));
    if (!sighting) continue;
    const change = { ...sighting.change, deviceName };
    Object.assign(sighting, { change, lastSeen, etag: world.nextEtag() });
  }
  return { kind: "done" };
}

const toKnown = ({ change, lastSeen, etag, evidence }: ModelSighting): KnownRecord => ({
  ...knownPart({ ...change, lastSeen }),
  etag,
  ...(evidence !== undefined && { stored: evidence }),
});

const toRecord = ({ change, lastSeen, etag, evidence }: ModelSighting): SightingRecord => ({
  ...change,
  lastSeen,
  etag,
  ...(evidence === undefined
    ? { evidence: NO_EVIDENCE, deviceGroup: "", counterfeit: false }
    : decodeEvidence(evidence)),
});
