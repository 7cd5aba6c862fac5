import type { Sighting, OutboxMessage } from "../../shared/core/sighting.ts";
import { sightingRowKey } from "../../shared/core/stores/sighting-key.ts";
import type { SightingsReader } from "../../shared/core/stores/sightings-store.ts";

const HOUR = 3_600_000;

export const DETECTION = "3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc";
export const OTHER_DETECTION = "44444444-4444-4444-8444-444444444444";
const START = new Date("2026-03-01T08:00:00Z");

/** Hours after the suite's fixed time. */
export const hour = (n: number): Date => new Date(START.getTime() + n * HOUR);

/** A device of a partition. */
export const device = (n: number, partition = "a"): string => partition + String(n).padStart(39, "0");

/** Message ids have this form. */
export const messageId = (n: number): string => n.toString(16).padStart(64, "0");

/** A sighting of device 1, announced once. */
export const sighting = (change: Partial<Sighting> = {}): Sighting => ({
  detectionId: DETECTION,
  deviceId: device(1),
  deviceName: "ws-1",
  source: "north",
  firstSeen: hour(0),
  lastSeen: hour(0),
  episode: 1,
  announcement: 1,
  disposition: "announced",
  approvalsVersion: 0,
  decidedAt: hour(0),
  messageId: messageId(1),
  definitionHash: "0".repeat(64),
  ...change,
});

export const message = (n: number): OutboxMessage => ({
  id: messageId(n),
  type: "firstsight.sighting.new.v1",
  contentType: "application/json",
  body: new Uint8Array([1, 2, n]),
  properties: { tool: "level" },
});

/** RowKey of device `n`'s sighting. */
export const keyOf = (n: number, partition = "a"): string =>
  sightingRowKey(sighting({ deviceId: device(n, partition) }));

/** @throws {Error} for a sighting that is not stored */
export async function etagOf(sightings: SightingsReader, n: number): Promise<string> {
  const etag = (await sightings.readVersions("a")).get(keyOf(n))?.etag;
  if (etag === undefined) throw new Error(`device ${n} has no sighting`);
  return etag;
}
