import type { TableClient, TableEntityResult } from "@azure/data-tables";
import { refuseNewer, SIGHTING_KEYS } from "../azure/sightings-table.ts";
import type { Evidence } from "../core/evidence.ts";
import { NO_EVIDENCE } from "../core/evidence.ts";
import type { StoredSighting } from "../core/review.ts";
import { StateError } from "../errors.ts";

/**
 * Every sighting of a partition with what it was judged on, in pages of 1,000.
 * @throws {StateError} when the table can't be read, or a row is malformed
 */
export const storedSightings = (table: Pick<TableClient, "listEntities">) =>
  async function* stored(partition: string): AsyncGenerator<StoredSighting> {
    const filter = `PartitionKey eq '${partition}' and ${SIGHTING_KEYS}`;
    const pages = table.listEntities({ queryOptions: { filter } }).byPage({ maxPageSize: 1000 });
    try {
      for await (const page of pages) for (const entity of page) yield toStored(entity);
    } catch (error) {
      if (error instanceof Error && error.name.startsWith("State")) throw error;
      throw new StateError(`partition ${partition} of Sightings could not be read`, { cause: error });
    }
  };

function toStored(entity: TableEntityResult<Record<string, unknown>>): StoredSighting {
  const key = String(entity["rowKey"]);
  refuseNewer(entity, key);
  const { firstSeen, lastSeen, decidedAt, episode, telling, approvalId, approvalsVersion, messageId } = entity;
  if (!(firstSeen instanceof Date && lastSeen instanceof Date && decidedAt instanceof Date))
    throw new StateError(`the sighting ${key} lacks a time; it was changed by hand: restore it or delete it`);
  return {
    detectionId: String(entity["detectionId"]),
    deviceId: String(entity["deviceId"]),
    deviceName: String(entity["deviceName"]),
    workspace: String(entity["workspace"]),
    firstSeen,
    lastSeen,
    episode: Number(episode),
    telling: Number(telling),
    disposition: entity["disposition"] === "expected" ? "expected" : "announced",
    decidedAt,
    definitionHash: String(entity["definitionHash"]),
    ...(typeof messageId === "string" && messageId !== "" && { messageId }),
    ...(typeof approvalId === "string" && approvalId !== "" && { approvalId }),
    ...(typeof approvalsVersion === "number" && { approvalsVersion }),
    deviceGroup: typeof entity["deviceGroup"] === "string" ? entity["deviceGroup"] : "",
    counterfeit: entity["counterfeit"] === true,
    evidence: evidenceOf(entity["evidence"]),
  };
}

/** A row without evidence was never looked around; one that can't be read covers nothing. */
const evidenceOf = (stored: unknown): Evidence =>
  stored === undefined ? NO_EVIDENCE : { pieces: [], missing: ["the evidence that is stored can't be read"] };
