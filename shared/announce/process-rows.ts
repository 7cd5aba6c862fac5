import type { Row } from "../core/sighting.ts";
import { partitionOf } from "../core/slice.ts";
import type { SightingsTable } from "../azure/sightings-table.ts";
import { sightingRowKey } from "../azure/sightings-table.ts";
import { MAX_ENTITIES } from "../azure/transaction.ts";
import type { Logger } from "../logger.ts";
import { matchKnown } from "../core/decide-write.ts";
import type { KnownVersions } from "./load-known.ts";
import { keysOf, loadKnownAhead } from "./load-known.ts";
import type { Candidate } from "./announce-candidates.ts";
import { candidateAnnouncer } from "./announce-candidates.ts";
import type { ProcessResult, AnnounceContext } from "./announce-context.ts";

/**
 * Brings the rows of one answer into the state, portion by portion (all rows of a key are in one): recalls what is known, decides,
 * looks for evidence, approves, and commits each announced sighting in one transaction with the message that tells it.
 * @throws {StateError} when the state can't be read or written, or a transaction still conflicts after four rounds
 */
export async function processRows(
  batches: Iterable<readonly Row[]>,
  by: AnnounceContext,
  table: SightingsTable,
  log: Logger,
): Promise<ProcessResult> {
  const detections = new Map(by.pack.detections.map((detection) => [detection.id, detection]));
  const announcer = candidateAnnouncer(by, table, log);
  // By detection, so that what is counted for a wave is counted together.
  const order = new Map([...detections.keys()].map((id, i) => [id, i]));
  let candidates: Candidate[] = [];
  for await (const { partition, inPartition, versions, whole } of loadKnownAhead(
    batches,
    { detections, knownDevices: by.knownDevices },
    table,
  )) {
    const kinds = Map.groupBy(inPartition, (row) => classify(row, versions));
    const coming = kinds.get("candidate") ?? [];
    const beside = whole && coming.length > 0 ? detectionsBeside(coming, versions) : undefined;
    for (const row of coming)
      candidates.push({
        row,
        known: keysOf([row], detections).some((key) => versions.has(key)),
        ...(beside && { otherTools: toolsBeside(row, beside) }),
      });
    for (const chunk of chunks(kinds.get("refresh") ?? [], MAX_ENTITIES)) await refresh(partition, chunk, versions);
    // Full batches of evidence; the rest waits for those that follow.
    while (candidates.length >= TOLD_AT_ONCE) {
      const full = candidates.slice(0, TOLD_AT_ONCE);
      candidates = candidates.slice(TOLD_AT_ONCE);
      await announce(full);
    }
  }
  await announce(candidates);
  return announcer.totals;

  function announce(some: readonly Candidate[]): Promise<void> {
    return announcer.announce(
      some.toSorted(
        ({ row: a }, { row: b }) =>
          (order.get(a.detectionId) ?? 0) - (order.get(b.detectionId) ?? 0) ||
          partitionOf(a.deviceId).charCodeAt(0) - partitionOf(b.deviceId).charCodeAt(0),
      ),
    );
  }

  /** The kind of write that a row needs, as far as the plan's view of the state tells. */
  function classify(row: Row, known: KnownVersions): "candidate" | "refresh" | "nothing" {
    const detection = detections.get(row.detectionId);
    if (!detection) return "nothing";
    const { novelty, inherited } = matchKnown(row, known, by, detection);
    if (novelty.kind !== "seen-again" || inherited) return "candidate";
    return novelty.refresh ? "refresh" : "nothing";
  }

  /** The days that have moved; whatever comes in between is decided again. */
  async function refresh(partition: string, chunk: readonly Row[], versions: KnownVersions): Promise<void> {
    const refreshes = chunk.flatMap((row) => {
      const version = versions.get(sightingRowKey(row));
      return version ? [{ ...row, etag: version.etag }] : [];
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
function detectionsBeside(rows: readonly Row[], versions: KnownVersions): Map<string, string[]> {
  const beside = new Map<string, string[]>();
  if (versions.size === 0) return beside;
  const devices = new Set(rows.map(deviceKey));
  for (const key of versions.keys()) {
    const bar = key.indexOf("|");
    const device = key.slice(bar + 1);
    if (!devices.has(device)) continue;
    const stored = beside.get(device);
    if (stored) stored.push(key.slice(0, bar));
    else beside.set(device, [key.slice(0, bar)]);
  }
  return beside;
}

/** The device's part of its RowKeys, whatever the detection. */
const deviceKey = (row: Row): string => sightingRowKey(row).slice(row.detectionId.length + 1);

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
