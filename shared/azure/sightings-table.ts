import { odata } from "@azure/data-tables";
import type { TableClient, TableEntityResult, TransactionAction } from "@azure/data-tables";
import type { OutboxMessage } from "../core/sighting.ts";
import { chunksOf } from "../core/split-list.ts";
import type {
  KnownRecord,
  SightingChange,
  SightingRecord,
  SightingRefresh,
  SightingsStore,
  SightingVersion,
  StoredFilter,
} from "../core/stores/sightings-store.ts";
import type { WriteOutcome } from "../core/stores/write-outcome.ts";
import { StateError } from "../errors.ts";
import { toOutboxEntity } from "./outbox-entity.ts";
import { refuseNewer, SCHEMA_VERSION } from "./schema-version.ts";
import { text, toChangeAction, toKnown, toRefreshAction, toStored, toVersion } from "./sighting-entity.ts";
import { asStateError, asStateErrors, forEachConcurrent, statusOf, submit } from "./transaction.ts";

type Client = Pick<TableClient, "listEntities" | "getEntity" | "createEntity" | "submitTransaction" | "upsertEntity">;

/** RowKeys of sightings begin with a GUID; `!epoch` sorts before them, `outbox|` after. */
export const SIGHTING_KEYS = "RowKey ge '0' and RowKey lt 'g'";
const EPOCH_KEY = "!epoch";

/** Columns that a scan reads. As few as possible: each column of each sighting costs time. */
const VERSION_COLUMNS = ["RowKey", "lastSeen", "schemaVersion"];

/** Columns that are read of a sighting before it is decided again. */
const KNOWN_COLUMNS = [
  "RowKey",
  "firstSeen",
  "lastSeen",
  "episode",
  "announcement",
  "disposition",
  "approvalId",
  "approvalsVersion",
  "evidence",
  "schemaVersion",
];

/** The `Sightings` table: known sightings and epochs. A change is committed together with its messages. */
export function sightingsTable(table: Client): SightingsStore {
  return {
    /** Every known sighting of a partition, by RowKey. Reads pages of 1,000 and continues after empty pages too. */
    async readVersions(partition: string): Promise<Map<string, SightingVersion>> {
      const known = new Map<string, SightingVersion>();
      const pages = table
        .listEntities({
          queryOptions: { filter: `PartitionKey eq '${partition}' and ${SIGHTING_KEYS}`, select: VERSION_COLUMNS },
        })
        .byPage({ maxPageSize: 1000 });
      await reading(partition, async () => {
        for await (const page of pages) for (const entity of page) known.set(String(entity.rowKey), toVersion(entity));
      });
      return known;
    },

    /** The known sightings among `keys` (RowKeys) of one partition, by point reads. */
    async readKeys(partition: string, keys: readonly string[]): Promise<Map<string, KnownRecord>> {
      const known = new Map<string, KnownRecord>();
      await reading(partition, () =>
        forEachConcurrent(keys, POINT_READS, async (key) => {
          const entity = await getOrUndefined(table, partition, key, KNOWN_COLUMNS);
          if (!entity) return;
          const { evidence: stored } = entity;
          known.set(key, { ...toKnown(entity), ...(typeof stored === "string" && { stored }) });
        }),
      );
      return known;
    },

    async *stored(partition: string, filter?: StoredFilter): AsyncGenerator<SightingRecord, void, undefined> {
      const after = filter?.after === undefined ? "" : odata` and RowKey gt ${filter.after}`;
      const chosen = (filter ? chosenFilter(filter.expectedOr) : "") + after;
      const listed = table.listEntities({
        queryOptions: { filter: `PartitionKey eq '${partition}' and ${SIGHTING_KEYS}${chosen}` },
      });
      const pages = listed.byPage({ maxPageSize: STORED_PAGE })[Symbol.asyncIterator]();
      for (;;) {
        const page = await reading(partition, () => pages.next());
        if (page.done === true) return;
        for (const entity of page.value) yield toStored(entity);
      }
    },

    /** The sightings among `keys` (RowKeys), with their evidence, by point reads. */
    async storedKeys(partition: string, keys: readonly string[]): Promise<readonly SightingRecord[]> {
      const found: SightingRecord[] = [];
      await reading(partition, () =>
        forEachConcurrent(keys, POINT_READS, async (key) => {
          const entity = await getOrUndefined(table, partition, key);
          if (entity) found.push(toStored(entity));
        }),
      );
      return found;
    },

    async detectionsOn(partition: string, deviceIds: readonly string[]): Promise<Map<string, string[]>> {
      const found = new Map<string, string[]>();
      await reading(partition, () =>
        forEachConcurrent(chunksOf(deviceIds, OR_TERMS), POINT_READS, async (group) => {
          const devices = group.map((deviceId) => odata`deviceId eq ${deviceId}`).join(" or ");
          const pages = table
            .listEntities({
              queryOptions: {
                filter: `PartitionKey eq '${partition}' and ${SIGHTING_KEYS} and (${devices})`,
                select: ["detectionId", "deviceId"],
              },
            })
            .byPage({ maxPageSize: 1000 });
          for await (const page of pages)
            for (const { deviceId, detectionId } of page) {
              const ids = found.get(String(deviceId)) ?? [];
              found.set(String(deviceId), [...ids, String(detectionId)]);
            }
        }),
      );
      return found;
    },

    async epoch(partition: string): Promise<string | undefined> {
      return reading(partition, async () => {
        const entity = await getOrUndefined(table, partition, EPOCH_KEY, ["epoch", "schemaVersion"]);
        if (!entity) return undefined;
        refuseNewer(entity, `${partition}/${EPOCH_KEY}`);
        return text(entity, "epoch");
      });
    },

    async makeEpoch(partition: string, epoch: string): Promise<string> {
      try {
        await table.createEntity({ partitionKey: partition, rowKey: EPOCH_KEY, epoch, schemaVersion: SCHEMA_VERSION });
        return epoch;
      } catch (error) {
        if (statusOf(error) !== 409)
          throw asStateError(error, `the epoch of partition ${partition} could not be written`);
      }
      const stored = await this.epoch(partition);
      if (stored === undefined) throw new StateError(`the epoch of partition ${partition} vanished while it was read`);
      return stored;
    },

    async replaceEpoch(partition: string, epoch: string): Promise<void> {
      await reading(partition, () =>
        table.upsertEntity(
          { partitionKey: partition, rowKey: EPOCH_KEY, epoch, schemaVersion: SCHEMA_VERSION },
          "Replace",
        ),
      );
    },

    commit(
      partition: string,
      changes: readonly SightingChange[],
      messages: readonly OutboxMessage[],
      now: Date,
    ): Promise<WriteOutcome> {
      return submit(table, [
        ...changes.map((change) => toChangeAction(partition, change, now)),
        ...messages.map((message): TransactionAction => ["create", toOutboxEntity(partition, message, now)]),
      ]);
    },

    refresh(partition: string, refreshes: readonly SightingRefresh[]): Promise<WriteOutcome> {
      return submit(
        table,
        refreshes.map((refresh) => toRefreshAction(partition, refresh)),
      );
    },
  };
}

/** The filter on disposition and detections. Empty where one filter can't name so many detections: the caller then filters. */
function chosenFilter(detectionIds: readonly string[]): string {
  if (detectionIds.length > OR_TERMS) return "";
  const terms = ["disposition eq 'expected'", ...detectionIds.map((id) => odata`detectionId eq ${id}`)];
  return ` and (${terms.join(" or ")})`;
}

/** Sightings in one page, each with at most 16 kB of evidence. */
const STORED_PAGE = 200;

/** Point reads in flight at once. */
const POINT_READS = 16;

/** Comparisons of one filter on ids. Table Storage limits a filter; the comparisons of keys need some of that limit. */
const OR_TERMS = 10;

/** A failed read throws and is never an empty answer: a throttled read must not make a known device new. */
const reading = <T>(partition: string, read: () => Promise<T>): Promise<T> =>
  asStateErrors(`partition ${partition} of Sightings could not be read or written`, read);

async function getOrUndefined(
  table: Client,
  partition: string,
  key: string,
  select?: string[],
): Promise<TableEntityResult<Record<string, unknown>> | undefined> {
  try {
    return await table.getEntity(partition, key, select && { queryOptions: { select } });
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}
