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
import type { WaveEvent, WaveMembersEvent } from "./event.ts";
import { TYPES } from "./event.ts";
import { huntingLink } from "./hunting-link.ts";
import { groupOf } from "./message.ts";
import { membersId } from "./message-id.ts";
import type { Detection } from "./pack.ts";
import type { Cause, OutboxMessage, Row, Sighting } from "./sighting.ts";
import type { Wave } from "./wave.ts";
import { WAVE_LENGTH } from "./wave.ts";

const MAX_INITIATORS = 10;
/** Characters of a member's name, which is for display only: the device's id identifies it. */
const MAX_MEMBER_NAME = 128;

/** A process that brought or started the tool, and the number of devices on which it did, of those counted so far. */
export interface Initiator {
  readonly name: string;
  readonly signer?: string;
  readonly devices: number;
}

export interface WaveHeaderInput extends Pick<Origin, "source" | "runId"> {
  readonly detection: Detection;
  readonly wave: Wave;
  readonly threshold: number;
  readonly count: number;
  /** Most frequent first. */
  readonly initiators: readonly Initiator[];
  readonly novelty: { readonly firstInState: boolean; readonly knownDevices: number };
}

/** The message of a wave's header. It is committed with the wave's row, so that only one of two runs sends it. */
export function waveHeader(input: WaveHeaderInput): OutboxMessage {
  const bound = bounds();
  const openedAt = input.wave.openedAt.toISOString();
  const hunting =
    input.detection.condition === undefined
      ? undefined
      : huntingLink(
          `DeviceFileCertificateInfo\n| where Timestamp > ago(5d)\n| where ${input.detection.condition}\n| summarize min(Timestamp) by DeviceId, DeviceName`,
        );
  const event: WaveEvent = {
    ...envelopeOf(input.wave.id, input),
    type: TYPES.wave,
    subject: input.detection.id,
    time: openedAt,
    data: {
      detection: detectionOf(input.detection, bound),
      wave: {
        id: input.wave.id,
        openedAt,
        closesAt: new Date(input.wave.openedAt.getTime() + WAVE_LENGTH).toISOString(),
        threshold: input.threshold,
        count: input.count,
      },
      initiators: bound.first("initiators", input.initiators, MAX_INITIATORS).map(({ name, signer, devices }) => ({
        name: bound.text("initiators", name, MAX_NAME),
        ...(signer !== undefined && { signer: bound.text("initiators", signer, MAX_NAME) }),
        devices,
      })),
      novelty: { firstInState: input.novelty.firstInState, knownDevices: input.novelty.knownDevices },
      source: sourceLabelOf(input.source),
      runId: input.runId,
      links: hunting === undefined ? {} : { hunting },
      truncated: bound.truncated,
    },
  };
  return toMessage(event, bytesOf(event));
}

interface WaveMember {
  readonly row: Row;
  /** The sighting as decided, with the message id of its own announcement. */
  readonly sighting: Sighting & { readonly messageId: string };
  readonly cause: Cause;
}

export interface WaveMembersInput extends Origin {
  readonly detection: Detection;
  readonly wave: Wave;
  /** 1 to 98. */
  readonly members: readonly WaveMember[];
  readonly decidedAt: Date;
}

/** The message that announces members of a wave. `undefined`: it would be too large, and the caller halves the members. */
export function waveMembers(input: WaveMembersInput): OutboxMessage | undefined {
  const bound = bounds();
  const event: WaveMembersEvent = {
    ...envelopeOf(
      membersId(
        input.wave.id,
        input.members.map(({ sighting }) => sighting.messageId),
      ),
      input,
    ),
    type: TYPES.members,
    subject: input.detection.id,
    time: input.decidedAt.toISOString(),
    data: {
      detection: detectionOf(input.detection, bound),
      wave: { id: input.wave.id, openedAt: input.wave.openedAt.toISOString() },
      members: input.members.map(({ row, sighting, cause }) => ({
        id: sighting.messageId,
        device: {
          id: bound.text("members.device.id", row.deviceId, MAX_NAME * 2),
          name: bound.text("members.device.name", row.deviceName, MAX_MEMBER_NAME),
          ...groupOf(row, (group) => bound.text("members.device.group", group, MAX_MEMBER_NAME)),
        },
        kind: sighting.episode === 1 ? "new" : "returned",
        episode: sighting.episode,
        announcement: sighting.announcement,
        firstSeen: sighting.firstSeen.toISOString(),
        lastSeen: row.lastSeen.toISOString(),
        count: row.count,
        cause,
        ...(row.certificate && { counterfeit: row.certificate.counterfeit }),
      })),
      window: windowOf(input.window),
      source: sourceLabelOf(input.source),
      runId: input.runId,
      truncated: [],
    },
  };
  event.data.truncated.push(...new Set(bound.truncated));
  const body = bytesOf(event);
  return body.byteLength <= MAX_MESSAGE_BYTES ? toMessage(event, body) : undefined;
}
