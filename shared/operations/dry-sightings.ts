import { knownPart } from "../core/decide.ts";
import type { OutboxMessage } from "../core/sighting.ts";
import { decodeEvidence } from "../core/stored-evidence.ts";
import { sightingRowKey } from "../core/stores/sighting-key.ts";
import type {
  KnownRecord,
  SightingChange,
  SightingRecord,
  SightingsReader,
  SightingsStore,
  SightingVersion,
} from "../core/stores/sightings-store.ts";

/** A change that only this run knows, in a version of its own. */
interface Decided extends SightingChange {
  readonly etag: string;
}

/**
 * A `Sightings` table that keeps what is committed in memory, and reads it back: a sighting that two sources show, or that the review and the
 * recheck both concern, is announced once, as in a run that writes. A sighting that this run has made expected is not rechecked by it.
 */
export function drySightings(reader: SightingsReader, announced: OutboxMessage[]): SightingsStore {
  const decided = new Map<string, Map<string, Decided>>();
  const decidedIn = (partition: string): ReadonlyMap<string, Decided> => decided.get(partition) ?? new Map();
  let version = 0;
  const current = (partition: string, record: SightingRecord): SightingRecord => {
    const change = decidedIn(partition).get(sightingRowKey(record));
    return change ? changed(record, change) : record;
  };
  return {
    readVersions: async (partition) => {
      const versions = new Map<string, SightingVersion>(await reader.readVersions(partition));
      for (const [key, { sighting, etag }] of decidedIn(partition))
        versions.set(key, { lastSeen: sighting.lastSeen, etag });
      return versions;
    },
    readKeys: async (partition, keys) => {
      const known = new Map<string, KnownRecord>(await reader.readKeys(partition, keys));
      for (const key of keys) {
        const change = decidedIn(partition).get(key);
        if (change) known.set(key, toKnown(change, known.get(key)?.stored));
      }
      return known;
    },
    async *stored(partition, filter) {
      for await (const stored of reader.stored(partition, filter)) {
        const record = current(partition, stored);
        const isChosen = record.disposition === "expected" || filter?.expectedOr.includes(record.detectionId);
        if (record === stored || !filter || isChosen) yield record;
      }
    },
    storedKeys: async (partition, keys) =>
      (await reader.storedKeys(partition, keys)).map((record) => current(partition, record)),
    detectionsOn: (partition, deviceIds) => reader.detectionsOn(partition, deviceIds),
    epoch: (partition) => reader.epoch(partition),
    makeEpoch: async (_partition, epoch) => epoch,
    replaceEpoch: async () => {},
    commit: async (partition, changes, messages) => {
      const stored = decided.get(partition) ?? new Map<string, Decided>();
      // Nobody else writes: what this run has not changed is still in the version that it read.
      const keys = changes.map(({ sighting }) => sightingRowKey(sighting));
      if (changes.some(({ etag }, i) => isStale(stored.get(keys[i] ?? ""), etag))) return { kind: "conflict" };
      for (const [i, change] of changes.entries()) stored.set(keys[i] ?? "", { ...change, etag: `dry-${++version}` });
      decided.set(partition, stored);
      announced.push(...messages);
      return { kind: "done" };
    },
    refresh: async () => ({ kind: "done" }),
  };
}

/** Whether another unit of this run has changed it since. */
const isStale = (decided: Decided | undefined, etag: string | undefined): boolean =>
  decided !== undefined && decided.etag !== etag;

function toKnown({ sighting, evidence, etag }: Decided, before: string | undefined): KnownRecord {
  const stored = evidence ?? before;
  return { ...knownPart(sighting), etag, ...(stored !== undefined && { stored }) };
}

/** Evidence stays where none is given, as in the table. */
function changed(record: SightingRecord, { sighting, evidence: encoded, etag }: Decided): SightingRecord {
  const { evidence, deviceGroup, counterfeit } = encoded === undefined ? record : decodeEvidence(encoded);
  return { ...sighting, evidence, deviceGroup, counterfeit, etag };
}
