import { createHash } from "node:crypto";
import { odata } from "@azure/data-tables";
import type { TableClient, TableEntityResult, TransactionAction } from "@azure/data-tables";
import type { KnownSighting } from "../core/decide.ts";
import { NO_EVIDENCE } from "../core/evidence.ts";
import type { StoredSighting } from "../core/review.ts";
import { decodeEvidence } from "../core/stored-evidence.ts";
import type { OutboxMessage, Sighting } from "../core/sighting.ts";
import { StateError, StateNewerError } from "../errors.ts";
import { toOutboxEntity } from "./outbox-table.ts";
import { asStateError, forEachConcurrent, asStateErrors, statusOf, submit } from "./transaction.ts";
import type { TransactionOutcome } from "./transaction.ts";

export const SCHEMA_VERSION = 1;

/** What a scan takes of a known sighting: enough to decide, and to refresh it with If-Match. */
export interface SightingVersion {
  readonly lastSeen: Date;
  readonly etag: string;
}

/** A known sighting with what an If-Match write needs. */
export interface KnownRecord extends KnownSighting, SightingVersion {
  /** Its evidence as it is stored; absent where none is. */
  readonly stored?: string;
}

/** A known sighting with all that approvals are judged on. */
export interface SightingRecord extends StoredSighting {
  readonly etag: string;
}

/** One sighting's change. */
export interface Change {
  readonly sighting: Sighting;
  /** Absent: insert-only. */
  readonly etag?: string;
  /** As `encodeEvidence` gives it; absent: what stands is left as it is. */
  readonly evidence?: string;
  /** A message of this transaction tells it. */
  readonly told?: true;
}

/** A seen-again sighting's day has moved. */
export interface Refresh {
  readonly detectionId: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly lastSeen: Date;
  readonly etag: string;
}

export type SightingsTable = ReturnType<typeof sightingsTable>;

type Client = Pick<TableClient, "listEntities" | "getEntity" | "createEntity" | "submitTransaction" | "upsertEntity">;

/** Table keys: no `/ \ # ?`, no control characters, at most 512 characters. Documented limits of Table Storage. */
const FORBIDDEN = /[/\\#?\p{Cc}]/u;
const MAX_KEY = 512;

/** RowKey of a sighting. An id that can't stand in a key is replaced by its hash; the entity keeps the original. */
export function sightingRowKey(of: { readonly detectionId: string; readonly deviceId: string }): string {
  const safe = !FORBIDDEN.test(of.deviceId) && of.deviceId.length + of.detectionId.length + 1 <= MAX_KEY;
  return `${of.detectionId}|${safe ? of.deviceId : `sha256-${createHash("sha256").update(of.deviceId).digest("hex")}`}`;
}

/** RowKeys of sightings begin with a GUID; `!epoch` sorts before them, `outbox|` after. */
export const SIGHTING_KEYS = "RowKey ge '0' and RowKey lt 'g'";
const EPOCH_KEY = "!epoch";

/** What a scan selects: each column of each sighting is paid for. */
const GLIMPSE_COLUMNS = ["RowKey", "lastSeen", "schemaVersion"];

/** What is read of a sighting that is to be told again: never the evidence. */
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

/** The `Sightings` table: known sightings, epochs, and the changes that carry their messages with them. */
export function sightingsTable(table: Client) {
  return {
    /** Every known sighting of a partition, by RowKey. Pages of 1,000; continuation is followed over empty pages too. */
    async readVersions(partition: string): Promise<Map<string, SightingVersion>> {
      const known = new Map<string, SightingVersion>();
      const pages = table
        .listEntities({
          queryOptions: { filter: `PartitionKey eq '${partition}' and ${SIGHTING_KEYS}`, select: GLIMPSE_COLUMNS },
        })
        .byPage({ maxPageSize: 1000 });
      await reading(partition, async () => {
        for await (const page of pages) for (const entity of page) known.set(String(entity.rowKey), toVersion(entity));
      });
      return known;
    },

    /** The known among `keys` (RowKeys) of one partition, by point reads. */
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

    /**
     * Sightings of one partition with their evidence, by RowKey: all, or those that are expected, and those of some detections; from
     * the beginning, or after a key. Pages are read as they are used.
     */
    async *stored(
      partition: string,
      chosenBy?: { readonly expectedOr: readonly string[]; readonly after?: string },
    ): AsyncGenerator<SightingRecord, void, undefined> {
      const after = chosenBy?.after === undefined ? "" : odata` and RowKey gt ${chosenBy.after}`;
      const chosen = (chosenBy ? chosenFilter(chosenBy.expectedOr) : "") + after;
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

    /** Those among `keys` (RowKeys) with their evidence, by point reads. */
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

    /** Ids of the detections that devices of one partition are known for, by device id. */
    async detectionsOn(partition: string, deviceIds: readonly string[]): Promise<Map<string, string[]>> {
      const found = new Map<string, string[]>();
      const groups = Array.from({ length: Math.ceil(deviceIds.length / OR_TERMS) }, (_, i) =>
        deviceIds.slice(i * OR_TERMS, (i + 1) * OR_TERMS),
      );
      await reading(partition, () =>
        forEachConcurrent(groups, POINT_READS, async (group) => {
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

    /** The partition's epoch, or `undefined` where it has none. */
    async epoch(partition: string): Promise<string | undefined> {
      return reading(partition, async () => {
        const entity = await getOrUndefined(table, partition, EPOCH_KEY, ["epoch", "schemaVersion"]);
        if (!entity) return undefined;
        refuseNewer(entity, `${partition}/${EPOCH_KEY}`);
        return text(entity, "epoch");
      });
    },

    /** Makes the partition's epoch unless it has one; returns the one that stands. */
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

    /** Gives the partition another epoch: message ids from here on differ from all before. Operator's `--announce-again` only. */
    async replaceEpoch(partition: string, epoch: string): Promise<void> {
      await reading(partition, () =>
        table.upsertEntity(
          { partitionKey: partition, rowKey: EPOCH_KEY, epoch, schemaVersion: SCHEMA_VERSION },
          "Replace",
        ),
      );
    },

    /** Commits changes of one partition with the messages that tell them: all or nothing. */
    commit(
      partition: string,
      changes: readonly Change[],
      messages: readonly OutboxMessage[],
      now: Date,
    ): Promise<TransactionOutcome> {
      return submit(table, [
        ...changes.map((change) => toAction(partition, change, now)),
        ...messages.map((message): TransactionAction => ["create", toOutboxEntity(partition, message, now)]),
      ]);
    },

    /** Moves `lastSeen` of sightings of one partition: all or nothing. */
    refresh(partition: string, refreshes: readonly Refresh[]): Promise<TransactionOutcome> {
      return submit(
        table,
        refreshes.map((of): TransactionAction => [
          "update",
          {
            partitionKey: partition,
            rowKey: sightingRowKey(of),
            lastSeen: of.lastSeen,
            deviceName: storable(of.deviceName),
            schemaVersion: SCHEMA_VERSION,
          },
          "Merge",
          { etag: of.etag },
        ]),
      );
    },
  };
}

/** More detections than one filter may name: all are read, and the caller chooses. */
function chosenFilter(detectionIds: readonly string[]): string {
  if (detectionIds.length > OR_TERMS) return "";
  const terms = ["disposition eq 'expected'", ...detectionIds.map((id) => odata`detectionId eq ${id}`)];
  return ` and (${terms.join(" or ")})`;
}

/** Sightings with their evidence (16 kB at most) in one page. */
const STORED_PAGE = 200;

/** Point reads in flight at once. */
const POINT_READS = 16;

/** Comparisons of one filter. Limit of Table Storage, with room for the keys' own. */
const OR_TERMS = 10;

/** A read that fails is no empty answer: a throttled read must not make a new device. */
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

function toAction(partition: string, { sighting, etag, evidence, told }: Change, now: Date): TransactionAction {
  const { deviceName, messageId, waveId, approvalId, ...rest } = sighting;
  const entity = {
    ...rest,
    partitionKey: partition,
    rowKey: sightingRowKey(sighting),
    deviceName: storable(deviceName),
    schemaVersion: SCHEMA_VERSION,
    ...(messageId !== undefined && { messageId }),
    ...(told && { announcedAt: now }),
    ...(evidence !== undefined && { evidence }),
    // Emptied where they are none: a merge would leave what an earlier telling or approval wrote.
    waveId: waveId ?? "",
    approvalId: approvalId ?? "",
  };
  return etag === undefined ? ["create", entity] : ["update", entity, "Merge", { etag }];
}

/** A device's name is untrusted and unbounded; a property holds 32,768 UTF-16 units. Names beyond 256 are never shown whole. Line
 * separators are no part of a name, and not every reader of a transaction bears them. */
const storable = (name: string): string =>
  name
    .slice(0, 1024)
    .replaceAll(/[\u2028\u2029]/g, " ")
    .toWellFormed();

function toVersion(entity: TableEntityResult<Record<string, unknown>>): SightingVersion {
  refuseNewer(entity, String(entity.rowKey));
  return { lastSeen: instant(entity, "lastSeen"), etag: entity.etag };
}

function toKnown(entity: TableEntityResult<Record<string, unknown>>): KnownRecord {
  return {
    ...toVersion(entity),
    firstSeen: instant(entity, "firstSeen"),
    episode: whole(entity, "episode"),
    announcement: whole(entity, "announcement"),
    disposition: entity["disposition"] === "expected" ? "expected" : "announced",
    ...approvalOf(entity),
  };
}

/** A whole row. Evidence that can't be read covers nothing, and keeps nobody else from being reviewed. */
function toStored(entity: TableEntityResult<Record<string, unknown>>): SightingRecord {
  const { messageId, waveId } = entity;
  return {
    ...toKnown(entity),
    detectionId: text(entity, "detectionId"),
    deviceId: text(entity, "deviceId"),
    deviceName: typeof entity["deviceName"] === "string" ? entity["deviceName"] : "",
    workspace: text(entity, "workspace"),
    decidedAt: instant(entity, "decidedAt"),
    definitionHash: text(entity, "definitionHash"),
    ...(typeof messageId === "string" && messageId !== "" && { messageId }),
    ...(typeof waveId === "string" && waveId !== "" && { waveId }),
    ...evidenceIn(entity["evidence"]),
  };
}

function evidenceIn(stored: unknown): Pick<StoredSighting, "evidence" | "deviceGroup" | "counterfeit"> {
  try {
    if (typeof stored === "string") return decodeEvidence(stored);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { evidence: { pieces: [], missing: [reason] }, deviceGroup: "", counterfeit: false };
  }
  return { evidence: NO_EVIDENCE, deviceGroup: "", counterfeit: false };
}

/** Rows that were written before there were approvals count as judged by the empty set. */
function approvalOf(entity: Readonly<Record<string, unknown>>): Pick<Sighting, "approvalId" | "approvalsVersion"> {
  const { approvalId, approvalsVersion } = entity;
  return {
    approvalsVersion: typeof approvalsVersion === "number" ? approvalsVersion : 0,
    ...(typeof approvalId === "string" && approvalId !== "" && { approvalId }),
  };
}

export function refuseNewer(entity: Readonly<Record<string, unknown>>, key: string): void {
  const version = entity["schemaVersion"];
  if (typeof version === "number" && version > SCHEMA_VERSION)
    throw new StateNewerError(
      `the state row ${key} has schema version ${version}, this version knows ${SCHEMA_VERSION}: deploy the newer version again`,
    );
}

function instant(entity: Readonly<Record<string, unknown>>, name: string): Date {
  const value = entity[name];
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value;
  throw malformed(entity, name, "a datetime");
}

function whole(entity: Readonly<Record<string, unknown>>, name: string): number {
  const value = entity[name];
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw malformed(entity, name, "a whole number");
}

function text(entity: Readonly<Record<string, unknown>>, name: string): string {
  const value = entity[name];
  if (typeof value === "string" && value !== "") return value;
  throw malformed(entity, name, "a text");
}

const malformed = (entity: Readonly<Record<string, unknown>>, name: string, wants: string): StateError =>
  new StateError(
    `the state row ${String(entity["rowKey"])} has no usable ${name} (wants ${wants}); it was changed by hand: restore it or delete it`,
  );
