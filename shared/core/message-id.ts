import { createHash } from "node:crypto";
import { utcDay } from "./decide.ts";
import type { Sighting } from "./sighting.ts";

/**
 * Id of the message that tells a sighting: SHA-256, hex, over what makes this telling this one. Sent again it is the same id, so
 * that the broker and consumers drop it; told again (another telling, episode's day or epoch) it is another (R19).
 */
export function messageId(
  of: Pick<Sighting, "detectionId" | "deviceId" | "announcement" | "firstSeen"> & { readonly epochId: string },
): string {
  const parts = [of.epochId, of.detectionId, of.deviceId, of.announcement, utcDay(of.firstSeen)];
  return sha256(parts);
}

/** Id of a wave and of its header's message: over the detection and the moment it was opened. */
export const waveId = (detectionId: string, openedAt: Date): string =>
  sha256(["wave", detectionId, openedAt.toISOString()]);

/** Id of a message with members: over the wave and its members' own ids, so that other members make another message (R19). */
export const membersId = (wave: string, members: readonly string[]): string =>
  sha256(["wave-members", wave, ...members.toSorted()]);

const sha256 = (parts: readonly unknown[]): string => createHash("sha256").update(JSON.stringify(parts)).digest("hex");
