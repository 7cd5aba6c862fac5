import { clean } from "../core/clean.ts";
import type { StoredSighting } from "../core/review.ts";
import { partitionOf, partitionsOf } from "../core/slice.ts";
import { ConfigError } from "../errors.ts";
import type { ApprovalState } from "./approval-state.ts";

/** The forms in which a sighting can be named. */
export const SIGHTING_HELP = "DETECTION-ID|DEVICE-ID, or TOOL/DEVICE with the device's name or id";

/**
 * Finds the one sighting that a name refers to.
 * @throws {Error} when there is none, or when there are several; the message lists them
 */
export async function findSighting(
  name: string,
  { stored, toolOf }: Pick<ApprovalState, "stored" | "toolOf">,
): Promise<{ readonly sighting: StoredSighting; readonly tool: string }> {
  const sought = parseName(name);
  const found: StoredSighting[] = [];
  for (const partition of sought.partitions)
    for await (const sighting of stored(partition))
      if (sought.matches(sighting, toolOf(sighting.detectionId))) found.push(sighting);
  const [sighting, ...others] = found;
  if (!sighting) throw new Error(`there is no sighting ${name}; \`firstsight sightings list\` shows what there is`);
  if (others.length > 0)
    throw new Error(
      `${name} means ${found.length} sightings; name one: ${found.map(({ detectionId, deviceId }) => `"${detectionId}|${deviceId}"`).join(", ")}`,
    );
  return { sighting, tool: toolOf(sighting.detectionId) };
}

function parseName(name: string): {
  readonly partitions: readonly string[];
  readonly matches: (sighting: StoredSighting, tool: string) => boolean;
} {
  const sought = name.toLowerCase();
  const bar = sought.indexOf("|");
  if (bar > 0) {
    const deviceId = sought.slice(bar + 1);
    return {
      partitions: [partitionOf(deviceId)],
      matches: (sighting) => sighting.detectionId === sought.slice(0, bar) && sighting.deviceId === deviceId,
    };
  }
  const slash = sought.indexOf("/");
  if (slash <= 0) throw new ConfigError([`${name} names no sighting: write ${SIGHTING_HELP}`]);
  const device = sought.slice(slash + 1);
  return {
    partitions: partitionsOf("all"),
    matches: (sighting, tool) => tool === sought.slice(0, slash) && isDevice(sighting, device),
  };
}

/** Whether a sighting is on the device with that name or id; case does not count. */
export const isDevice = ({ deviceId, deviceName }: StoredSighting, sought: string): boolean =>
  deviceId === sought.toLowerCase() || deviceName.toLowerCase() === sought.toLowerCase();

/** A device's name and id for the terminal. Both are untrusted text: control characters are removed. */
export const shownDevice = ({ deviceId, deviceName }: StoredSighting): string => {
  const name = clean(deviceName, 64).text;
  const id = clean(deviceId, 64).text;
  return name === "" ? id : `${name} (${id})`;
};
