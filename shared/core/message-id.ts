import { createHash } from "node:crypto";
import { utcDay } from "./decide.ts";
import type { Sighting } from "./sighting.ts";

type Announced = Pick<Sighting, "detectionId" | "deviceId" | "announcement" | "firstSeen"> & {
  readonly epochId: string;
};

/**
 * Id of the message that announces a sighting: SHA-256, hex, over everything in which this announcement differs from every other
 * (R19). The same message sent again has the same id, so that the broker and consumers drop it. Another announcement, day of the
 * episode or epoch gives another id.
 */
export const messageId = ({ epochId, detectionId, deviceId, announcement, firstSeen }: Announced): string =>
  sha256([epochId, detectionId, deviceId, announcement, utcDay(firstSeen)]);

/** Id of a wave and of its header's message: SHA-256, hex, over the detection and the time of opening. */
export const waveId = (detectionId: string, openedAt: Date): string =>
  sha256(["wave", detectionId, openedAt.toISOString()]);

/** Id of a message with members: SHA-256, hex, over the wave and its members' ids, so that other members give another id (R19). */
export const membersId = (wave: string, members: readonly string[]): string =>
  sha256(["wave-members", wave, ...members.toSorted()]);

const sha256 = (parts: readonly unknown[]): string => createHash("sha256").update(JSON.stringify(parts)).digest("hex");
