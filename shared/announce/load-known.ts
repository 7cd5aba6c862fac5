import type { Detection } from "../core/pack.ts";
import type { Row } from "../core/sighting.ts";
import { partitionOf } from "../core/slice.ts";
import { sightingRowKey } from "../core/stores/sighting-key.ts";
import type { SightingVersion, SightingsReader } from "../core/stores/sightings-store.ts";

/** Known sightings by RowKey. */
export type KnownVersions = ReadonlyMap<string, SightingVersion>;

/** Decides how the known sightings are read. */
interface LoadOptions {
  readonly detections: ReadonlyMap<string, Detection>;
  /** Devices known of a detection when the run was planned. */
  readonly knownDevices: (detectionId: string) => number;
}

type Store = Pick<SightingsReader, "readVersions" | "readKeys">;

/** Partitions that are read at once: the service answers one while another is processed. Bounded, since each is held whole. */
const MAX_PARTITIONS_AHEAD = 3;

interface LoadedPartition {
  readonly partition: string;
  readonly rows: readonly Row[];
  readonly versions: KnownVersions;
  /** The whole partition was read, and not only the sightings of the rows. */
  readonly whole: boolean;
}

/**
 * The rows by partition with the known sightings of that partition, some partitions ahead. Batches of one partition share its scan. A stale read is safe:
 * every write is conditional on its ETag.
 */
export async function* loadKnownAhead(
  batches: Iterable<readonly Row[]>,
  options: LoadOptions,
  store: Store,
): AsyncGenerator<LoadedPartition, void, undefined> {
  const reading: Promise<LoadedPartition>[] = [];
  let scan: Scan | undefined;
  for (const batch of batches)
    for (const [partition, rows] of Map.groupBy(batch, ({ deviceId }) => partitionOf(deviceId))) {
      if (scan?.partition !== partition) scan = startScan(partition, rows, options, store);
      const loaded = load(partition, rows, scan, options, store);
      // A failure surfaces when the partition's turn comes; until then nobody awaits it.
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

/** A scan costs a request for 1,000 known sightings, a point read one a row: the cheaper is chosen. `undefined`: point reads. */
function startScan(partition: string, rows: readonly Row[], options: LoadOptions, store: Store): Scan | undefined {
  const knownHere = [...options.detections.keys()].reduce((sum, id) => sum + options.knownDevices(id), 0) / 16;
  if (keysOf(rows, options.detections).length <= Math.ceil(knownHere / 1000)) return undefined;
  const versions = store.readVersions(partition);
  versions.catch(() => undefined);
  return { partition, versions };
}

async function load(
  partition: string,
  rows: readonly Row[],
  scan: Scan | undefined,
  options: LoadOptions,
  store: Store,
): Promise<LoadedPartition> {
  const versions = await (scan?.versions ?? store.readKeys(partition, keysOf(rows, options.detections)));
  return { partition, rows, versions, whole: scan !== undefined };
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
