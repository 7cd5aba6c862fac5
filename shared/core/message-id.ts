import { createHash } from "node:crypto";
import { utcDay } from "./decide.ts";
import type { Sighting } from "./sighting.ts";

/**
 * Id of the message that tells a sighting: SHA-256, hex, over what makes this telling this one. Sent again it is the same id, so
 * that the broker and consumers drop it; told again (another telling, episode's day or epoch) it is another (R19).
 */
export function messageId(
  of: Pick<Sighting, "detectionId" | "deviceId" | "telling" | "firstSeen"> & { readonly epochId: string },
): string {
  const parts = [of.epochId, of.detectionId, of.deviceId, of.telling, utcDay(of.firstSeen)];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
