import { matchKnown } from "../core/decide-write.ts";
import type { Detection } from "../core/pack.ts";
import type { CommitCounters } from "../core/run-counters.ts";
import type { Row } from "../core/sighting.ts";
import { partitionOf } from "../core/slice.ts";
import { chunksOf } from "../core/split-list.ts";
import { sightingRowKey } from "../core/stores/sighting-key.ts";
import type { SightingsStore } from "../core/stores/sightings-store.ts";
import { MAX_ENTITIES } from "../core/stores/write-outcome.ts";
import type { Logger } from "../logger.ts";
import { candidateAnnouncer } from "./announce-candidates.ts";
import type { AnnounceContext } from "./announce-context.ts";
import type { Candidate } from "./candidate.ts";
import type { KnownVersions } from "./load-known.ts";
import { keysOf, loadKnownAhead } from "./load-known.ts";
import { otherDetections, otherTools } from "./other-tools.ts";

/** Candidates of all detections that are announced together: few enough for memory, enough to count waves by. */
const MAX_CANDIDATES = 5000;

/**
 * Brings the rows of one answer into the state, batch by batch (all rows of a key are in one batch): loads what is known, decides, collects
 * evidence, applies approvals, and commits each announced sighting in one transaction with its message.
 * @throws {StateError} when the state can't be read or written, or a transaction conflicts `MAX_ATTEMPTS` times
 */
export async function processRows(
  batches: Iterable<readonly Row[]>,
  context: AnnounceContext,
  store: SightingsStore,
  log: Logger,
): Promise<CommitCounters> {
  const detections = new Map(context.pack.detections.map((detection) => [detection.id, detection]));
  const announcer = candidateAnnouncer(context, store, log);
  // By detection, so that sightings that count for one wave are counted together.
  const order = new Map([...detections.keys()].map((id, i) => [id, i]));
  let candidates: Candidate[] = [];
  const options = { detections, knownDevices: context.knownDevices };
  for await (const { partition, rows, versions, whole } of loadKnownAhead(batches, options, store)) {
    const kinds = Map.groupBy(rows, (row) => classify(row, versions, detections, context));
    const candidateRows = kinds.get("candidate") ?? [];
    const others = whole && candidateRows.length > 0 ? otherDetections(candidateRows, versions) : undefined;
    for (const row of candidateRows)
      candidates.push({
        row,
        known: keysOf([row], detections).some((key) => versions.has(key)),
        ...(others && { otherTools: otherTools(row, others, context.toolOf) }),
      });
    for (const chunk of chunksOf(kinds.get("refresh") ?? [], MAX_ENTITIES))
      candidates.push(...(await refresh(partition, chunk, versions, store)));
    // Full batches of evidence; the rest waits for the candidates that follow.
    while (candidates.length >= MAX_CANDIDATES) {
      const full = candidates.slice(0, MAX_CANDIDATES);
      candidates = candidates.slice(MAX_CANDIDATES);
      await announcer.announce(inOrder(full, order));
    }
  }
  await announcer.announce(inOrder(candidates, order));
  return announcer.counters;
}

/** By detection, then by partition. */
const inOrder = (candidates: readonly Candidate[], order: ReadonlyMap<string, number>): readonly Candidate[] =>
  candidates.toSorted(
    ({ row: a }, { row: b }) =>
      (order.get(a.detectionId) ?? 0) - (order.get(b.detectionId) ?? 0) ||
      partitionOf(a.deviceId).charCodeAt(0) - partitionOf(b.deviceId).charCodeAt(0),
  );

/** The kind of write that a row needs, as far as the scan of the state shows. */
function classify(
  row: Row,
  versions: KnownVersions,
  detections: ReadonlyMap<string, Detection>,
  context: AnnounceContext,
): "candidate" | "refresh" | "nothing" {
  const detection = detections.get(row.detectionId);
  if (!detection) return "nothing";
  const { novelty, inherited } = matchKnown(row, versions, context, detection);
  if (novelty.kind !== "seen-again" || inherited) return "candidate";
  return novelty.refresh ? "refresh" : "nothing";
}

/** Moves `lastSeen`; returns the rows that another run has changed meanwhile, which are decided again. */
async function refresh(
  partition: string,
  rows: readonly Row[],
  versions: KnownVersions,
  store: SightingsStore,
): Promise<readonly Candidate[]> {
  const refreshes = rows.flatMap((row) => {
    const version = versions.get(sightingRowKey(row));
    return version ? [{ ...row, etag: version.etag }] : [];
  });
  const outcome = await store.refresh(partition, refreshes);
  return outcome.kind === "done" ? [] : rows.map((row): Candidate => ({ row, known: true }));
}
