import type { SightingVersion, SightingsTable } from "../azure/sightings-table.ts";
import { sightingRowKey } from "../azure/sightings-table.ts";
import type { Detection } from "../core/pack.ts";
import type { Row } from "../core/sighting.ts";
import { partitionOf } from "../core/slice.ts";

export type KnownVersions = ReadonlyMap<string, SightingVersion>;

/** What decides how the known sightings are read. */
interface LoadOptions {
  readonly detections: ReadonlyMap<string, Detection>;
  /** Devices known of a detection when the run was planned. */
  readonly knownDevices: (detectionId: string) => number;
}

/** Partitions that are read at once: the service answers one while another is taken in. Bounded, since each is held whole. */
const MAX_PARTITIONS_AHEAD = 3;

interface LoadedPartition {
  readonly partition: string;
  readonly inPartition: readonly Row[];
  readonly versions: KnownVersions;
  /** All that the partition holds was read, and not the rows' own sightings alone. */
  readonly whole: boolean;
}

/**
 * The rows by partition with what is known there, some partitions ahead. Portions of one partition share its scan. Old by the time it is
 * used is safe: writes are If-Match.
 */
export async function* loadKnownAhead(
  batches: Iterable<readonly Row[]>,
  of: LoadOptions,
  table: SightingsTable,
): AsyncGenerator<LoadedPartition, void, undefined> {
  const reading: Promise<LoadedPartition>[] = [];
  let scan: Scan | undefined;
  for (const rows of batches)
    for (const [partition, inPartition] of byPartition(rows)) {
      if (scan?.partition !== partition) scan = scanOf(partition, inPartition, of, table);
      const loaded = loadKnown(partition, inPartition, scan, of, table);
      // Its failure is met when its turn comes; until then nobody waits for it.
      loaded.catch(() => undefined);
      reading.push(loaded);
      const next = reading.length > MAX_PARTITIONS_AHEAD ? reading.shift() : undefined;
      if (next) yield await next;
    }
  for (const next of reading) yield await next;
}

interface Scan {
  readonly partition: string;
  readonly versions: Promise<KnownVersions>;
}

/** A scan costs a request for 1,000 known sightings, a point read one a row: whichever is fewer. `undefined`: point reads. */
function scanOf(partition: string, rows: readonly Row[], of: LoadOptions, table: SightingsTable): Scan | undefined {
  const knownHere = [...of.detections.keys()].reduce((sum, id) => sum + of.knownDevices(id), 0) / 16;
  if (keysOf(rows, of.detections).length <= Math.ceil(knownHere / 1000)) return undefined;
  const versions = table.readVersions(partition);
  versions.catch(() => undefined);
  return { partition, versions };
}

async function loadKnown(
  partition: string,
  inPartition: readonly Row[],
  scan: Scan | undefined,
  of: LoadOptions,
  table: SightingsTable,
): Promise<LoadedPartition> {
  const versions = await (scan?.versions ?? table.readKeys(partition, keysOf(inPartition, of.detections)));
  return { partition, inPartition, versions, whole: scan !== undefined };
}

/** RowKeys of the rows' own sightings, and of those under ids that their detections supersede. */
export function keysOf(rows: readonly Row[], detections: ReadonlyMap<string, Detection>): string[] {
  return rows.flatMap((row) => [
    sightingRowKey(row),
    ...(detections.get(row.detectionId)?.supersedes ?? []).map((detectionId) =>
      sightingRowKey({ detectionId, deviceId: row.deviceId }),
    ),
  ]);
}

function byPartition(rows: readonly Row[]): Map<string, Row[]> {
  const partitions = new Map<string, Row[]>();
  for (const row of rows) {
    const partition = partitionOf(row.deviceId);
    const stored = partitions.get(partition);
    if (stored) stored.push(row);
    else partitions.set(partition, [row]);
  }
  return partitions;
}
