import { clean } from "./clean.ts";
import type { AnyEvent } from "./event.ts";
import type { Detection } from "./pack.ts";
import type { SourceLabel } from "./source.ts";
import type { OutboxMessage } from "./sighting.ts";

/** Bytes of a message. An outbox row stores them in one binary property, which Table Storage limits to 64 KiB. */
export const MAX_MESSAGE_BYTES = 60_000;

const CONTENT_TYPE = "application/cloudevents+json; charset=utf-8";

/** File name of the schema under `docs/contract/`. */
export const DATA_SCHEMA = "firstsight-events.schema.json";

export const MAX_NAME = 256;
const MAX_TEXT = 1024;
const MAX_LIST = 32;

/** The source, window and run from which a message comes. */
export interface Origin {
  readonly source: SourceLabel;
  readonly window: { readonly from: Date; readonly to: Date };
  readonly runId: string;
}

/** Cuts texts and lists to a bound, and collects the paths of those that were cut. */
export interface Bounds {
  readonly truncated: string[];
  readonly text: (path: string, text: string, length: number) => string;
  readonly first: <T>(path: string, list: readonly T[], most: number) => T[];
}

export function bounds(): Bounds {
  const truncated: string[] = [];
  return {
    truncated,
    text: (path, text, length) => {
      const { text: cleaned, cut } = clean(text, length);
      if (cut) truncated.push(path);
      return cleaned;
    },
    first: (path, list, most) => {
      if (list.length > most) truncated.push(path);
      return list.slice(0, most);
    },
  };
}

/** The CloudEvents attributes that every event has. */
export const envelopeOf = (id: string, { source }: Pick<Origin, "source">) =>
  ({
    specversion: "1.0",
    id,
    source: `/firstsight/sources/${source.id}`,
    datacontenttype: "application/json",
    dataschema: DATA_SCHEMA,
  }) as const;

export const detectionOf = (detection: Detection, { text, first }: Bounds): AnyEvent["data"]["detection"] => ({
  id: detection.id,
  name: text("detection.name", detection.name, MAX_TEXT),
  tool: text("detection.tool", detection.tool, MAX_NAME),
  severity: detection.severity,
  tactics: first("detection.tactics", detection.tactics, MAX_LIST),
  techniques: first("detection.techniques", detection.techniques, MAX_LIST),
});

export const sourceLabelOf = ({ id, name, kind, tenant }: SourceLabel): AnyEvent["data"]["source"] => ({
  id,
  name,
  kind,
  ...(tenant !== undefined && { tenant }),
});

export const windowOf = ({ from, to }: Origin["window"]): { from: string; to: string } => ({
  from: from.toISOString(),
  to: to.toISOString(),
});

/** The message of an event. Its attributes are repeated as application properties, for filters. `cause`: where the event has one cause. */
export function toMessage(event: AnyEvent, body: Uint8Array, cause?: string): OutboxMessage {
  return {
    id: event.id,
    type: event.type,
    contentType: CONTENT_TYPE,
    body,
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
      ...(cause !== undefined && { cause }),
      sourceName: event.data.source.name,
    },
  };
}

export const bytesOf = (event: AnyEvent): Uint8Array => new TextEncoder().encode(JSON.stringify(event));
