import type { Row } from "../core/sighting.ts";
import { partitionOf } from "../core/slice.ts";
import type { SightingsTable } from "../azure/sightings-table.ts";
import { sightingRowKey } from "../azure/sightings-table.ts";
import { MAX_ENTITIES } from "../azure/transaction.ts";
import type { Logger } from "../logger.ts";
import { compare } from "../core/decide-write.ts";
import type { Glimpses } from "./load-known.ts";
import { keysOf, recallAhead } from "./load-known.ts";
import type { Candidate } from "./announce-candidates.ts";
import { rowTeller } from "./announce-candidates.ts";
import type { Remembered, Telling } from "./announce-context.ts";

/**
 * Brings the rows of one answer into the state, portion by portion (all rows of a key are in one): recalls what is known, decides,
 * looks for evidence, approves, and commits each announced sighting in one transaction with the message that tells it.
 * @throws {StateError} when the state can't be read or written, or a transaction still conflicts after four rounds
 */
export async function remember(
  portions: Iterable<readonly Row[]>,
  by: Telling,
  table: SightingsTable,
  log: Logger,
): Promise<Remembered> {
  const detections = new Map(by.pack.detections.map((detection) => [detection.id, detection]));
  const teller = rowTeller(by, table, log);
  // By detection, so that what is counted for a wave is counted together.
  const order = new Map([...detections.keys()].map((id, i) => [id, i]));
  let candidates: Candidate[] = [];
  for await (const { partition, inPartition, glimpses, whole } of recallAhead(
    portions,
    { detections, knownDevices: by.knownDevices },
    table,
  )) {
    const kinds = Map.groupBy(inPartition, (row) => weigh(row, glimpses));
    const coming = kinds.get("candidate") ?? [];
    const beside = whole && coming.length > 0 ? detectionsBeside(coming, glimpses) : undefined;
    for (const row of coming)
      candidates.push({
        row,
        known: keysOf([row], detections).some((key) => glimpses.has(key)),
        ...(beside && { otherTools: toolsBeside(row, beside) }),
      });
    for (const chunk of chunks(kinds.get("refresh") ?? [], MAX_ENTITIES)) await refresh(partition, chunk, glimpses);
    // Full batches of evidence; the rest waits for those that follow.
    while (candidates.length >= TOLD_AT_ONCE) {
      const full = candidates.slice(0, TOLD_AT_ONCE);
      candidates = candidates.slice(TOLD_AT_ONCE);
      await tell(full);
    }
  }
  await tell(candidates);
  return teller.totals;

  function tell(some: readonly Candidate[]): Promise<void> {
    return teller.tell(
      some.toSorted(
        ({ row: a }, { row: b }) =>
          (order.get(a.detectionId) ?? 0) - (order.get(b.detectionId) ?? 0) ||
          partitionOf(a.deviceId).charCodeAt(0) - partitionOf(b.deviceId).charCodeAt(0),
      ),
    );
  }

  /** The kind of write that a row needs, as far as the plan's view of the state tells. */
  function weigh(row: Row, known: Glimpses): "candidate" | "refresh" | "nothing" {
    const detection = detections.get(row.detectionId);
    if (!detection) return "nothing";
    const { novelty, inherited } = compare(row, known, by, detection);
    if (novelty.kind !== "seen-again" || inherited) return "candidate";
    return novelty.refresh ? "refresh" : "nothing";
  }

  /** The days that have moved; whatever comes in between is decided again. */
  async function refresh(partition: string, chunk: readonly Row[], glimpses: Glimpses): Promise<void> {
    const refreshes = chunk.flatMap((row) => {
      const glimpse = glimpses.get(sightingRowKey(row));
      return glimpse ? [{ ...row, etag: glimpse.etag }] : [];
    });
    const outcome = await table.refresh(partition, refreshes);
    if (outcome.kind !== "done") candidates.push(...chunk.map((row): Candidate => ({ row, known: true })));
  }

  /** Tools of other detections that this device was known for. */
  function toolsBeside(row: Row, beside: ReadonlyMap<string, readonly string[]>): readonly string[] {
    const found = beside.get(deviceKey(row)) ?? NOTHING;
    const tools = new Set(found.flatMap((id) => (id === row.detectionId ? [] : (by.toolOf(id) ?? []))));
    return tools.size === 0 ? NOTHING : [...tools].toSorted();
  }
}

/** Candidates that are told together, all detections': few enough for memory, enough to count waves by. */
const TOLD_AT_ONCE = 5000;

const NOTHING: readonly string[] = [];

/** Detections that the rows' devices are known for, by device: one pass over what is known, which may be far more. */
function detectionsBeside(rows: readonly Row[], glimpses: Glimpses): Map<string, string[]> {
  const beside = new Map<string, string[]>();
  if (glimpses.size === 0) return beside;
  const devices = new Set(rows.map(deviceKey));
  for (const key of glimpses.keys()) {
    const bar = key.indexOf("|");
    const device = key.slice(bar + 1);
    if (!devices.has(device)) continue;
    const standing = beside.get(device);
    if (standing) standing.push(key.slice(0, bar));
    else beside.set(device, [key.slice(0, bar)]);
  }
  return beside;
}

/** The device's part of its RowKeys, whatever the detection. */
const deviceKey = (row: Row): string => sightingRowKey(row).slice(row.detectionId.length + 1);

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
