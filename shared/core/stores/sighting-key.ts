import { createHash } from "node:crypto";

/** Table keys: no `/ \ # ?`, no control characters, at most 512 characters. Documented limits of Table Storage. */
const FORBIDDEN = /[/\\#?\p{Cc}]/u;
const MAX_KEY = 512;

/** RowKey of a sighting. An id that a key can't hold is replaced by its hash; the entity keeps the original. */
export function sightingRowKey(sighting: { readonly detectionId: string; readonly deviceId: string }): string {
  const { detectionId, deviceId } = sighting;
  const safe = !FORBIDDEN.test(deviceId) && deviceId.length + detectionId.length + 1 <= MAX_KEY;
  return `${detectionId}|${safe ? deviceId : `sha256-${createHash("sha256").update(deviceId).digest("hex")}`}`;
}
