import { clean } from "./clean.ts";
import type { KnownSighting } from "./decide.ts";
import type { SightingEvent } from "./event.ts";
import { TYPES } from "./event.ts";
import type { Detection } from "./pack.ts";
import type { Cause, OutboxMessage, Row, Sighting } from "./sighting.ts";

/** An outbox row keeps the exact bytes in one binary property of Table Storage, 64 KiB at most. */
export const MAX_MESSAGE_BYTES = 60_000;

const CONTENT_TYPE = "application/cloudevents+json; charset=utf-8";

/** File name of the schema under `docs/contract/`. */
export const DATA_SCHEMA = "firstsight-events.schema.json";

/** Report ids of one message, and characters of a name: enough to work with, whatever a device sends. */
const MAX_REPORTS = 128;
const MAX_NAME = 256;
const MAX_TEXT = 1024;
const MAX_LIST = 32;

export interface SightingMessageInput {
  readonly detection: Detection;
  readonly row: Row;
  /** As decided: its episode, telling and message id. */
  readonly sighting: Sighting & { readonly messageId: string };
  /** What was known of it before it returned. */
  readonly previous?: KnownSighting;
  readonly cause: Cause;
  readonly novelty: { readonly firstInState: boolean; readonly knownDevices: number };
  readonly window: { readonly from: Date; readonly to: Date };
  readonly workspace: { readonly name: string; readonly id: string; readonly tenant?: string };
  readonly runId: string;
  readonly decidedAt: Date;
}

/** The message that tells one sighting; the same input gives the same bytes. At most 60,000 of them. */
export function sightingMessage(of: SightingMessageInput): OutboxMessage {
  const event = toEvent(of);
  return {
    id: event.id,
    type: event.type,
    contentType: CONTENT_TYPE,
    body: encode(event),
    properties: {
      cloudEvents_specversion: event.specversion,
      cloudEvents_id: event.id,
      cloudEvents_type: event.type,
      cloudEvents_source: event.source,
      cloudEvents_subject: event.subject,
      cloudEvents_time: event.time,
      detectionId: event.data.detection.id,
      tool: event.data.detection.tool,
      severity: event.data.detection.severity,
      cause: event.data.cause,
      workspace: event.data.workspace.name,
    },
  };
}

function toEvent(of: SightingMessageInput): SightingEvent {
  const { detection, row, sighting, previous, workspace } = of;
  const truncated: string[] = [];
  const bounded = (path: string, text: string, length: number): string => {
    const { text: cleaned, cut } = clean(text, length);
    if (cut) truncated.push(path);
    return cleaned;
  };
  const first = <T>(path: string, list: readonly T[], most: number): T[] => {
    if (list.length > most) truncated.push(path);
    return list.slice(0, most);
  };
  const kind = sighting.episode === 1 ? "new" : "returned";
  const firstSeen = sighting.firstSeen.toISOString();
  const deviceId = bounded("device.id", row.deviceId, MAX_NAME * 2);
  return {
    specversion: "1.0",
    id: sighting.messageId,
    source: `/firstsight/workspaces/${workspace.name}`,
    type: TYPES[kind],
    subject: `${detection.id}/${encodeURIComponent(deviceId)}`,
    time: firstSeen,
    datacontenttype: "application/json",
    dataschema: DATA_SCHEMA,
    data: {
      detection: {
        id: detection.id,
        name: bounded("detection.name", detection.name, MAX_TEXT),
        tool: bounded("detection.tool", detection.tool, MAX_NAME),
        severity: detection.severity,
        tactics: first("detection.tactics", detection.tactics, MAX_LIST),
        techniques: first("detection.techniques", detection.techniques, MAX_LIST),
      },
      device: { id: deviceId, name: bounded("device.name", row.deviceName, MAX_NAME) },
      sighting: {
        kind,
        episode: sighting.episode,
        telling: sighting.telling,
        firstSeen,
        lastSeen: row.lastSeen.toISOString(),
        count: row.count,
        reports: first("sighting.reports", row.reports, MAX_REPORTS).map((report) => clean(report, MAX_NAME / 4).text),
        ...(previous && { previousLastSeen: previous.lastSeen.toISOString() }),
      },
      novelty: { firstInState: of.novelty.firstInState, knownDevices: of.novelty.knownDevices },
      cause: of.cause,
      window: { from: of.window.from.toISOString(), to: of.window.to.toISOString() },
      workspace: {
        name: workspace.name,
        id: workspace.id,
        ...(workspace.tenant !== undefined && { tenant: workspace.tenant }),
      },
      times: { event: firstSeen, announced: of.decidedAt.toISOString() },
      runId: of.runId,
      links: /^[0-9a-f]{40}$/.test(row.deviceId)
        ? { device: `https://security.microsoft.com/machines/${row.deviceId}/overview` }
        : {},
      truncated,
    },
  };
}

/** Every text is bounded above, so the reports are all that can be too much; they go first. */
function encode(event: SightingEvent): Uint8Array {
  const body = new TextEncoder().encode(JSON.stringify(event));
  if (body.byteLength <= MAX_MESSAGE_BYTES) return body;
  const { sighting, truncated } = event.data;
  const fewer = {
    ...event,
    data: {
      ...event.data,
      sighting: { ...sighting, reports: [] },
      truncated: [...new Set([...truncated, "sighting.reports"])],
    },
  };
  const shorter = new TextEncoder().encode(JSON.stringify(fewer));
  if (shorter.byteLength > MAX_MESSAGE_BYTES)
    throw new RangeError(`a message of ${shorter.byteLength} bytes: a field of the event is not bounded`);
  return shorter;
}
