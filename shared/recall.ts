import type { Glimpse, SightingsTable } from "./azure/sightings-table.ts";
import { sightingRowKey } from "./azure/sightings-table.ts";
import type { Detection } from "./core/pack.ts";
import type { Row } from "./core/sighting.ts";
import { partitionOf } from "./core/slice.ts";

export type Glimpses = ReadonlyMap<string, Glimpse>;

/** What decides how the known sightings are read. */
interface RecallOf {
  readonly detections: ReadonlyMap<string, Detection>;
  /** Devices known of a detection when the run was planned. */
  readonly knownDevices: (detectionId: string) => number;
}

/** Partitions that are read at once: the service answers one while another is taken in. Bounded, since each is held whole. */
const AHEAD = 3;

interface Recalled {
  readonly partition: string;
  readonly inPartition: readonly Row[];
  readonly glimpses: Glimpses;
  /** All that the partition holds was read, and not the rows' own sightings alone. */
  readonly whole: boolean;
}

/** The rows by partition with what is known there, some partitions ahead. Old by the time it is used is safe: writes are If-Match. */
export async function* recallAhead(
  rows: readonly Row[],
  of: RecallOf,
  table: SightingsTable,
): AsyncGenerator<Recalled, void, undefined> {
  const partitions = byPartition(rows);
  const reading: Promise<Recalled>[] = [];
  for (const [partition, inPartition] of partitions) {
    const recalled = recall(partition, inPartition, of, table);
    // Its failure is met when its turn comes; until then nobody waits for it.
    recalled.catch(() => undefined);
    reading.push(recalled);
    const next = reading.length > AHEAD ? reading.shift() : undefined;
    if (next) yield await next;
  }
  for (const next of reading) yield await next;
}

/** A scan costs a request for 1,000 known sightings, a point read one a row: whichever is fewer. */
async function recall(
  partition: string,
  inPartition: readonly Row[],
  of: RecallOf,
  table: SightingsTable,
): Promise<Recalled> {
  const keys = keysOf(inPartition, of.detections);
  const knownHere = [...of.detections.keys()].reduce((sum, id) => sum + of.knownDevices(id), 0) / 16;
  const whole = keys.length > Math.ceil(knownHere / 1000);
  const glimpses = await (whole ? table.recallPartition(partition) : table.recallKeys(partition, keys));
  return { partition, inPartition, glimpses, whole };
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
    const standing = partitions.get(partition);
    if (standing) standing.push(row);
    else partitions.set(partition, [row]);
  }
  return partitions;
}
