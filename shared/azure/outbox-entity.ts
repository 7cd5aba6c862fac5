import type { TableEntity } from "@azure/data-tables";
import type { OutboxItem } from "../core/outbox.ts";
import type { OutboxMessage } from "../core/sighting.ts";
import { refuseNewer, SCHEMA_VERSION } from "./schema-version.ts";

/** The row of a message in the partition of its sighting. Keys sort the oldest message first. */
export function toOutboxEntity(partition: string, message: OutboxMessage, createdAt: Date): TableEntity {
  const { id, type, contentType, body, properties } = message;
  return {
    partitionKey: partition,
    rowKey: `outbox|${createdAt.toISOString()}|${id}`,
    body,
    contentType,
    type,
    properties: JSON.stringify(properties),
    schemaVersion: SCHEMA_VERSION,
  };
}

/** The message in a row, byte for byte, or the reason why it can't be sent. @throws {StateNewerError} */
export function fromOutboxEntity(entity: Readonly<Record<string, unknown>>): OutboxItem {
  const place = { partition: String(entity["partitionKey"]), key: String(entity["rowKey"]) };
  refuseNewer(entity, place.key);
  const malformed = (reason: string): OutboxItem => ({ kind: "malformed", ...place, reason });
  const id = place.key.split("|")[2] ?? "";
  if (id === "" || id.length > 128) return malformed("the key holds no message id of 1 to 128 characters");
  const { body, contentType, type, properties: text } = entity;
  if (!(body instanceof Uint8Array) || body.byteLength === 0) return malformed("body is not binary, or empty");
  if (typeof contentType !== "string" || contentType === "") return malformed("contentType is no text");
  if (typeof type !== "string" || type === "") return malformed("type is no text");
  const properties = parseProperties(text);
  if (properties === undefined) return malformed("properties is not the JSON text of an object of texts");
  return { kind: "message", ...place, message: { id, type, contentType, body, properties } };
}

function parseProperties(text: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof text !== "string") return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return isTexts(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const isTexts = (value: unknown): value is Record<string, string> =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((one) => typeof one === "string");
