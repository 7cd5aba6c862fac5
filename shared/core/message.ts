import { shownCertificate } from "./certificate.ts";
import { clean } from "./clean.ts";
import type { KnownSighting } from "./decide.ts";
import type { Origin } from "./envelope.ts";
import {
  MAX_MESSAGE_BYTES,
  MAX_NAME,
  bounds,
  bytesOf,
  detectionOf,
  envelopeOf,
  toMessage,
  windowOf,
  sourceLabelOf,
} from "./envelope.ts";
import type { Evidence } from "./evidence.ts";
import type { EvidenceEvent } from "./evidence-event.ts";
import { toEvidenceEvent } from "./evidence-event.ts";
import type { SightingEvent } from "./event.ts";
import { TYPES } from "./event.ts";
import { huntingLink, huntingQuery } from "./hunting-link.ts";
import type { Detection } from "./pack.ts";
import type { Cause, OutboxMessage, Row, Sighting } from "./sighting.ts";

/** Report ids in one message, however many a device sends. */
const MAX_REPORTS = 128;
const MAX_OTHER_TOOLS = 32;

/** Milliseconds by which the hunting link's window exceeds first and last seen. */
const LINK_MARGIN = 3_600_000;

export interface SightingMessageInput extends Origin {
  readonly detection: Detection;
  readonly row: Row;
  /** The sighting as decided, with its episode, announcement and message id. */
  readonly sighting: Sighting & { readonly messageId: string };
  /** The known sighting before it returned. */
  readonly previous?: Pick<KnownSighting, "lastSeen">;
  readonly cause: Cause;
  /** Absent: the detection does not state its files, so no evidence was collected. */
  readonly evidence?: Evidence;
  readonly novelty: {
    readonly firstInState: boolean;
    readonly knownDevices: number;
    /** Absent: not queried. */
    readonly otherTools?: readonly string[];
  };
  readonly decidedAt: Date;
}

/** The message that announces one sighting, of at most 60,000 bytes. The same input gives the same bytes. */
export function sightingMessage(input: SightingMessageInput): OutboxMessage {
  const event = toEvent(input);
  return toMessage(event, encode(event), input.cause);
}

function toEvent(input: SightingMessageInput): SightingEvent {
  const { detection, row, sighting, previous, source } = input;
  const bound = bounds();
  const { truncated } = bound;
  const kind = sighting.episode === 1 ? "new" : "returned";
  const firstSeen = sighting.firstSeen.toISOString();
  const deviceId = bound.text("device.id", row.deviceId, MAX_NAME * 2);
  return {
    ...envelopeOf(sighting.messageId, input),
    type: TYPES[kind],
    subject: `${detection.id}/${encodeURIComponent(deviceId)}`,
    time: firstSeen,
    data: {
      detection: detectionOf(detection, bound),
      device: {
        id: deviceId,
        name: bound.text("device.name", row.deviceName, MAX_NAME),
        ...groupOf(row, (group) => bound.text("device.group", group, MAX_NAME)),
      },
      sighting: {
        kind,
        episode: sighting.episode,
        announcement: sighting.announcement,
        firstSeen,
        lastSeen: row.lastSeen.toISOString(),
        count: row.count,
        reports: bound
          .first("sighting.reports", row.reports, MAX_REPORTS)
          .map((report) => clean(report, MAX_NAME / 4).text),
        ...(previous && { previousLastSeen: previous.lastSeen.toISOString() }),
        ...certificateOf(row, truncated),
      },
      novelty: {
        firstInState: input.novelty.firstInState,
        knownDevices: input.novelty.knownDevices,
        ...(input.novelty.otherTools && {
          otherTools: bound.first("novelty.otherTools", input.novelty.otherTools, MAX_OTHER_TOOLS),
        }),
      },
      cause: input.cause,
      ...(input.evidence && { evidence: shownEvidence(input.evidence, truncated) }),
      window: windowOf(input.window),
      source: sourceLabelOf(source),
      times: { event: firstSeen, announced: input.decidedAt.toISOString() },
      runId: input.runId,
      links: linksOf(input),
      truncated,
    },
  };
}

/** The `group` property of a device; absent where the row has none. */
export const groupOf = (row: Row, bounded: (group: string) => string): { readonly group?: string } =>
  row.certificate && row.certificate.deviceGroup !== "" ? { group: bounded(row.certificate.deviceGroup) } : {};

function certificateOf(
  { certificate }: Row,
  truncated: string[],
): Pick<SightingEvent["data"]["sighting"], "counterfeit" | "signers" | "files"> {
  if (!certificate) return {};
  const shown = shownCertificate(certificate);
  truncated.push(...shown.truncated);
  return { counterfeit: certificate.counterfeit, signers: [...shown.signers], files: [...shown.files] };
}

function shownEvidence(evidence: Evidence, truncated: string[]): EvidenceEvent {
  const { event, cut } = toEvidenceEvent(evidence);
  if (cut) truncated.push("evidence");
  return event;
}

function linksOf({ detection, row, sighting }: SightingMessageInput): SightingEvent["data"]["links"] {
  if (!/^[0-9a-f]{40}$/.test(row.deviceId)) return {};
  const hunting =
    detection.condition === undefined
      ? undefined
      : huntingLink(
          huntingQuery(detection.condition, {
            deviceId: row.deviceId,
            from: new Date(sighting.firstSeen.getTime() - LINK_MARGIN),
            to: new Date(row.lastSeen.getTime() + LINK_MARGIN),
          }),
        );
  return {
    device: `https://security.microsoft.com/machines/${row.deviceId}/overview`,
    ...(hunting !== undefined && { hunting }),
  };
}

/** The bytes of an event. Where all texts at their bounds add up to too much, reports, files and signers are left out. */
function encode(event: SightingEvent): Uint8Array {
  const body = bytesOf(event);
  if (body.byteLength <= MAX_MESSAGE_BYTES) return body;
  const { sighting, truncated } = event.data;
  const cut = ["reports", ...(sighting.files ? ["files"] : []), ...(sighting.signers ? ["signers"] : [])];
  const shorter = bytesOf({
    ...event,
    data: {
      ...event.data,
      sighting: {
        ...sighting,
        reports: [],
        ...(sighting.files && { files: [] }),
        ...(sighting.signers && { signers: [] }),
      },
      truncated: [...new Set([...truncated, ...cut.map((name) => `sighting.${name}`)])],
    },
  });
  if (shorter.byteLength > MAX_MESSAGE_BYTES)
    throw new RangeError(`a message of ${shorter.byteLength} bytes: a field of the event is not bounded`);
  return shorter;
}
