import type { Row } from "../core/sighting.ts";
import { partitionOf } from "../core/slice.ts";
import { sightingRowKey } from "../core/stores/sighting-key.ts";
import type { SightingsReader } from "../core/stores/sightings-store.ts";
import type { AnnounceContext } from "./announce-context.ts";
import type { Candidate } from "./candidate.ts";
import type { KnownVersions } from "./load-known.ts";

const NONE: readonly string[] = [];

/** Detections that the rows' devices are known for, by device: one pass over what is known, which may be far more. */
export function otherDetections(rows: readonly Row[], versions: KnownVersions): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  if (versions.size === 0) return found;
  const devices = new Set(rows.map(deviceKey));
  for (const key of versions.keys()) {
    const bar = key.indexOf("|");
    const device = key.slice(bar + 1);
    if (!devices.has(device)) continue;
    const ids = found.get(device);
    if (ids) ids.push(key.slice(0, bar));
    else found.set(device, [key.slice(0, bar)]);
  }
  return found;
}

/** Tools of other detections that this row's device is known for. */
export function otherTools(
  row: Row,
  detections: ReadonlyMap<string, readonly string[]>,
  toolOf: AnnounceContext["toolOf"],
): readonly string[] {
  return toolsOf(detections.get(deviceKey(row)) ?? NONE, row, toolOf);
}

/** Reads the other tools of the candidates for which no scan has shown them; all of them by device id. */
export async function readOtherTools(
  candidates: readonly Candidate[],
  toolOf: AnnounceContext["toolOf"],
  store: Pick<SightingsReader, "detectionsOn">,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const tools = new Map<string, readonly string[]>();
  for (const { row, otherTools: scanned } of candidates) if (scanned) tools.set(row.deviceId, scanned);
  const unread = candidates.filter(({ row }) => !tools.has(row.deviceId)).map(({ row }) => row);
  for (const [partition, rows] of Map.groupBy(unread, ({ deviceId }) => partitionOf(deviceId))) {
    const found = await store.detectionsOn(partition, [...new Set(rows.map(({ deviceId }) => deviceId))]);
    for (const row of rows) tools.set(row.deviceId, toolsOf(found.get(row.deviceId) ?? NONE, row, toolOf));
  }
  return tools;
}

function toolsOf(ids: readonly string[], row: Row, toolOf: AnnounceContext["toolOf"]): readonly string[] {
  const tools = new Set(ids.flatMap((id) => (id === row.detectionId ? [] : (toolOf(id) ?? []))));
  return tools.size === 0 ? NONE : [...tools].toSorted();
}

/** The device's part of its RowKeys, whatever the detection. */
const deviceKey = (row: Row): string => sightingRowKey(row).slice(row.detectionId.length + 1);
