import type { TableClient } from "@azure/data-tables";
import { partitionsOf } from "../core/slice.ts";
import type { SightingsRetention } from "../core/stores/sightings-store.ts";
import { refuseNewer } from "./schema-version.ts";
import { SIGHTING_KEYS } from "./sightings-table.ts";
import { asStateError, forEachConcurrent, statusOf } from "./transaction.ts";

interface Expired {
  readonly key: string;
  readonly etag: string;
}

/** Deletes sightings that are out of retention from the `Sightings` table. */
export function retention(table: Pick<TableClient, "listEntities" | "deleteEntity">): SightingsRetention {
  return {
    async deleteExpired(before: Date): Promise<ReadonlyMap<string, number>> {
      const deleted = new Map<string, number>();
      for (const partition of partitionsOf("all")) {
        const waiting = await outboxIds(table, partition);
        for await (const expired of expiredIn(table, partition, before, waiting)) {
          for (const key of await deleteSightings(table, partition, expired)) {
            const detectionId = key.split("|", 1)[0] ?? key;
            deleted.set(detectionId, (deleted.get(detectionId) ?? 0) + 1);
          }
        }
      }
      return deleted;
    },
  };
}

async function* expiredIn(
  table: Pick<TableClient, "listEntities">,
  partition: string,
  before: Date,
  waiting: ReadonlySet<string>,
): AsyncGenerator<Expired[]> {
  const filter = `PartitionKey eq '${partition}' and ${SIGHTING_KEYS} and lastSeen lt datetime'${before.toISOString()}'`;
  const select = ["RowKey", "messageId", "schemaVersion"];
  try {
    for await (const page of table.listEntities({ queryOptions: { filter, select } }).byPage({ maxPageSize: 1000 })) {
      const expired = page.flatMap((entity): Expired[] => {
        const key = String(entity.rowKey);
        refuseNewer(entity, key);
        return waiting.has(String(entity["messageId"])) ? [] : [{ key, etag: entity.etag }];
      });
      if (expired.length > 0) yield expired;
    }
  } catch (error) {
    throw asStateError(error, `partition ${partition} of Sightings could not be read for retention`);
  }
}

/** Ids of the messages in a partition's outbox. */
async function outboxIds(table: Pick<TableClient, "listEntities">, partition: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  const filter = `PartitionKey eq '${partition}' and RowKey ge 'outbox|' and RowKey lt 'outbox}'`;
  for await (const page of table
    .listEntities({ queryOptions: { filter, select: ["RowKey"] } })
    .byPage({ maxPageSize: 1000 })) {
    for (const entity of page) ids.add(String(entity.rowKey).split("|")[2] ?? "");
  }
  return ids;
}

/** Deletes in flight at once. */
const CONCURRENCY = 16;

/**
 * Deletes sightings in the version that was read, and returns the keys of those that were deleted. One request each: in a
 * transaction the SDK deletes any version, because `submitTransaction` of `@azure/data-tables` 13.3 passes no etag to a delete.
 */
async function deleteSightings(
  table: Pick<TableClient, "deleteEntity">,
  partition: string,
  expired: readonly Expired[],
): Promise<readonly string[]> {
  const deleted: string[] = [];
  await forEachConcurrent(expired, CONCURRENCY, async ({ key, etag }) => {
    try {
      await table.deleteEntity(partition, key, { etag });
      deleted.push(key);
    } catch (error) {
      // Another process wrote it meanwhile (412), so it stays, or deleted it (404).
      const status = statusOf(error);
      if (status !== 412 && status !== 404)
        throw asStateError(error, `a sighting of partition ${partition} could not be deleted`);
    }
  });
  return deleted;
}
