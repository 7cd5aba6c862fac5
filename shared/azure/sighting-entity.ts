import type { TableEntityResult, TransactionAction } from "@azure/data-tables";
import { NO_EVIDENCE } from "../core/evidence.ts";
import type { StoredSighting } from "../core/review.ts";
import { decodeEvidence } from "../core/stored-evidence.ts";
import type { Sighting } from "../core/sighting.ts";
import { sightingRowKey } from "../core/stores/sighting-key.ts";
import type {
  KnownRecord,
  SightingChange,
  SightingRecord,
  SightingRefresh,
  SightingVersion,
} from "../core/stores/sightings-store.ts";
import { StateError } from "../errors.ts";
import { refuseNewer, SCHEMA_VERSION } from "./schema-version.ts";

export function toChangeAction(
  partition: string,
  { sighting, etag, evidence, announced }: SightingChange,
  now: Date,
): TransactionAction {
  const { deviceName, messageId, waveId, approvalId, ...rest } = sighting;
  const entity = {
    ...rest,
    partitionKey: partition,
    rowKey: sightingRowKey(sighting),
    deviceName: storable(deviceName),
    schemaVersion: SCHEMA_VERSION,
    ...(messageId !== undefined && { messageId }),
    ...(announced && { announcedAt: now }),
    ...(evidence !== undefined && { evidence }),
    // Written as empty where absent: a merge would keep the value of an earlier announcement or approval.
    waveId: waveId ?? "",
    approvalId: approvalId ?? "",
  };
  return etag === undefined ? ["create", entity] : ["update", entity, "Merge", { etag }];
}

/**
 * A device's name that a property can hold. The name is untrusted and unbounded; a property holds 32,768 UTF-16 units. Messages
 * show at most 256 characters. Line separators become spaces: not every reader of a transaction can parse them.
 */
const storable = (name: string): string =>
  name
    .slice(0, 1024)
    .replaceAll(/[\u2028\u2029]/g, " ")
    .toWellFormed();

export function toVersion(entity: TableEntityResult<Record<string, unknown>>): SightingVersion {
  refuseNewer(entity, String(entity.rowKey));
  return { lastSeen: instant(entity, "lastSeen"), etag: entity.etag };
}

export function toKnown(entity: TableEntityResult<Record<string, unknown>>): KnownRecord {
  return {
    ...toVersion(entity),
    firstSeen: instant(entity, "firstSeen"),
    episode: whole(entity, "episode"),
    announcement: whole(entity, "announcement"),
    disposition: entity["disposition"] === "expected" ? "expected" : "announced",
    ...approvalOf(entity),
  };
}

/** A whole row. Unreadable evidence becomes `missing` evidence: it covers nothing, and the other sightings are still reviewed. */
export function toStored(entity: TableEntityResult<Record<string, unknown>>): SightingRecord {
  const { messageId, waveId } = entity;
  return {
    ...toKnown(entity),
    detectionId: text(entity, "detectionId"),
    deviceId: text(entity, "deviceId"),
    deviceName: typeof entity["deviceName"] === "string" ? entity["deviceName"] : "",
    source: text(entity, "source"),
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

/** A row without an approvals version counts as decided under the empty set. */
function approvalOf(entity: Readonly<Record<string, unknown>>): Pick<Sighting, "approvalId" | "approvalsVersion"> {
  const { approvalId, approvalsVersion } = entity;
  return {
    approvalsVersion: typeof approvalsVersion === "number" ? approvalsVersion : 0,
    ...(typeof approvalId === "string" && approvalId !== "" && { approvalId }),
  };
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

export function text(entity: Readonly<Record<string, unknown>>, name: string): string {
  const value = entity[name];
  if (typeof value === "string" && value !== "") return value;
  throw malformed(entity, name, "a text");
}

const malformed = (entity: Readonly<Record<string, unknown>>, name: string, wants: string): StateError =>
  new StateError(
    `the state row ${String(entity["rowKey"])} has no usable ${name} (wants ${wants}); it was changed by hand: restore it or delete it`,
  );

/** The write that moves `lastSeen` (and the device's name) alone, in the version that was read. */
export const toRefreshAction = (partition: string, refresh: SightingRefresh): TransactionAction => [
  "update",
  {
    partitionKey: partition,
    rowKey: sightingRowKey(refresh),
    lastSeen: refresh.lastSeen,
    deviceName: storable(refresh.deviceName),
    schemaVersion: SCHEMA_VERSION,
  },
  "Merge",
  { etag: refresh.etag },
];
