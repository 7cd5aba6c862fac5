import type { Evidence } from "../core/evidence.ts";
import type { Row } from "../core/sighting.ts";
import { sightingKey } from "../core/sighting.ts";
import type { Detection } from "../core/pack.ts";
import { partitionOf } from "../core/slice.ts";
import type { KnownRecord, SightingsTable } from "../azure/sightings-table.ts";
import type { TransactionOutcome } from "../azure/transaction.ts";
import type { BatchContext } from "./commit.ts";
import { batchSize, commitBatch } from "./commit.ts";
import { StateError } from "../errors.ts";
import type { AssignedWave } from "./assign-wave.ts";
import { assignWave } from "./assign-wave.ts";
import type { SaveQuietly, Touch, Announce } from "../core/decide-write.ts";
import { decideWrite } from "../core/decide-write.ts";
import type { EvidenceLookup } from "../evidence/collect.ts";
import type { Logger } from "../logger.ts";
import { keysOf } from "./load-known.ts";
import { logCommitted } from "./log-committed.ts";
import type { AnnounceContext } from "./announce-context.ts";
import { EVIDENCE_BATCH } from "./announce-context.ts";

/** A row that is new, returned, or whose sighting was changed by somebody else since it was read. */
export interface Candidate {
  readonly row: Row;
  /** The state showed a sighting of it: it is read again before it is written. */
  readonly known: boolean;
  /** Absent: not looked up yet. */
  readonly otherTools?: readonly string[];
}

/** Rounds of read, decide, build and write for one transaction. Design §4. */
const MAX_ATTEMPTS = 4;

/** Candidates of one detection whose evidence is held at once: enough to count a wave by, little enough for memory. */
const HELD = 2000;

/** Covers nothing (R13). */
const UNSEEN: Evidence = { pieces: [], missing: ["not looked for"] };

type Written = Announce | SaveQuietly | Touch;

/** Tells candidates, and counts what became of them. Design §3, steps 7 to 9. */
export function candidateAnnouncer(by: AnnounceContext, table: SightingsTable, log: Logger) {
  const totals = {
    new: 0,
    returned: 0,
    expected: 0,
    announced: 0,
    waves: 0,
    quarantined: 0,
    newByDetection: new Map<string, number>(),
  };
  const detections = new Map(by.pack.detections.map((detection) => [detection.id, detection]));
  const evidence = new Map<string, Evidence>();
  let others = new Map<string, readonly string[]>();

  return { totals, announce };

  /** `candidates` by detection: evidence in full batches over all of them, waves counted for each detection as a whole. */
  async function announce(candidates: readonly Candidate[]): Promise<void> {
    if (candidates.length === 0) return;
    const lookup = await by.evidence(candidates.map(({ row }) => row));
    let looked = 0;
    for (let from = 0; from < candidates.length;) {
      const to = endOf(candidates, from);
      // Full batches: the next detection's first candidates fill up this one's last.
      for (; looked < to; looked += EVIDENCE_BATCH)
        await look(
          lookup,
          candidates.slice(looked, looked + EVIDENCE_BATCH).map(({ row }) => row),
        );
      await tellDetection(candidates.slice(from, to));
      for (const { row } of candidates.slice(from, to)) evidence.delete(sightingKey(row));
      from = to;
    }
  }

  async function look(lookup: EvidenceLookup, rows: readonly Row[]): Promise<void> {
    for (const [key, found] of await lookup(rows)) evidence.set(key, found);
  }

  async function tellDetection(candidates: readonly Candidate[]): Promise<void> {
    const [first] = candidates;
    const detection = first && detections.get(first.row.detectionId);
    if (!detection) return;
    await lookBeside(candidates);
    const known = await loadKnown(candidates);
    const { wave, opened } = await countForWave(candidates, detection, known);
    if (opened) totals.waves += 1;
    const batch: BatchContext = {
      ...by,
      detection,
      window: by.unit.window,
      otherTools: (deviceId) => others.get(deviceId),
      ...(wave && { wave }),
    };
    const byPartition = Map.groupBy(
      candidates.map(({ row }) => row),
      (row) => partitionOf(row.deviceId),
    );
    for (const [partition, rows] of byPartition)
      for (const chunk of chunks(rows, batchSize(wave))) await commit(partition, chunk, batch, known);
    others = new Map();
  }

  /** What is judged here is judged again with what it is committed with: only the count is kept. */
  function countForWave(
    candidates: readonly Candidate[],
    detection: Detection,
    known: ReadonlyMap<string, KnownRecord>,
  ): Promise<AssignedWave> {
    const seen: Evidence[] = [];
    for (const { row } of candidates) {
      const found = evidenceOf(row);
      if (decideWrite(row, known, found, detection, by, partitionOf(row.deviceId)).kind === "tell") seen.push(found);
    }
    return assignWave(detection, seen.length, seen, by);
  }

  function evidenceOf(row: Row): Evidence {
    return evidence.get(sightingKey(row)) ?? UNSEEN;
  }

  /** What else is known on these devices, where no scan has shown it. */
  async function lookBeside(candidates: readonly Candidate[]): Promise<void> {
    for (const { row, otherTools } of candidates) if (otherTools) others.set(row.deviceId, otherTools);
    const unknown = Map.groupBy(
      candidates.filter(({ row }) => !others.has(row.deviceId)).map(({ row }) => row),
      (row) => partitionOf(row.deviceId),
    );
    for (const [partition, rows] of unknown) {
      const found = await table.detectionsOn(partition, [...new Set(rows.map(({ deviceId }) => deviceId))]);
      for (const row of rows) {
        const ids = (found.get(row.deviceId) ?? []).filter((id) => id !== row.detectionId);
        others.set(row.deviceId, [...new Set(ids.flatMap((id) => by.toolOf(id) ?? []))].toSorted());
      }
    }
  }

  /** Point reads of those that the state showed; the others are insert-only. */
  async function loadKnown(candidates: readonly Candidate[]): Promise<ReadonlyMap<string, KnownRecord>> {
    const known = new Map<string, KnownRecord>();
    const rows = candidates.filter((one) => one.known).map(({ row }) => row);
    for (const [partition, inPartition] of Map.groupBy(rows, (row) => partitionOf(row.deviceId)))
      for (const [key, of] of await table.readKeys(partition, keysOf(inPartition, detections))) known.set(key, of);
    return known;
  }

  /** R8: a conflict means read, decide and build again. R9: nothing left, nothing written. */
  async function commit(
    partition: string,
    chunk: readonly Row[],
    batch: BatchContext,
    known: ReadonlyMap<string, KnownRecord>,
  ): Promise<void> {
    let current = known;
    for (let round = 0; round < MAX_ATTEMPTS; round++) {
      if (round > 0) current = await table.readKeys(partition, keysOf(chunk, detections));
      const decided = chunk.map((row) => decideWrite(row, current, evidenceOf(row), batch.detection, by, partition));
      const written = decided.filter((one) => one.kind !== "nothing");
      const seen = decided.filter((one) => one.kind === "refresh");
      const told = decided.filter((one) => one.kind === "tell" || one.kind === "keep");
      if (told.length > 0 && seen.length > 0) {
        // After another run told some of them: the two kinds of write go apart.
        await commit(partition, rowsOf(told), batch, current);
        await commit(partition, rowsOf(seen), batch, current);
        return;
      }
      if (told.length + seen.length === 0) return;
      const outcome =
        told.length > 0
          ? await commitBatch(partition, told, batch, table)
          : await table.refresh(
              partition,
              seen.map((one) => one.refresh),
            );
      switch (outcome.kind) {
        case "done":
          for (const one of told) count(one);
          logCommitted(told, batch, log);
          return;
        case "too-much":
          for (const half of halves(rowsOf(told))) await commit(partition, half, batch, current);
          return;
        case "refused":
          await quarantine(partition, written, outcome, batch, current);
          return;
        case "conflict":
          continue;
      }
    }
    throw new StateError(
      `sightings of partition ${partition} still conflict after ${MAX_ATTEMPTS} rounds: other runs keep writing them; the next run tries again`,
    );
  }

  /** R14: the one entity that is refused must not block its neighbours. Where the service names one, it is tried alone first. */
  async function quarantine(
    partition: string,
    tried: readonly Written[],
    refusal: Extract<TransactionOutcome, { kind: "refused" }>,
    batch: BatchContext,
    known: ReadonlyMap<string, KnownRecord>,
  ): Promise<void> {
    const [only] = tried;
    if (tried.length === 1 && only) {
      totals.quarantined += 1;
      const { detectionId, deviceId } = only.row;
      log.error(
        {
          event: "state.quarantined",
          partition,
          detectionId,
          deviceId: deviceId.slice(0, 128),
          reason: refusal.reason,
        },
        "the state refused this sighting; each run tries it again while its rows are in the lookback",
      );
      return;
    }
    const suspect = suspectOf(tried, refusal.index, batch);
    const rest = rowsOf(tried).filter((row) => row !== suspect);
    for (const part of suspect ? [[suspect], rest] : halves(rest)) await commit(partition, part, batch, known);
  }

  function count(one: Announce | SaveQuietly): void {
    if (one.kind === "tell") totals.announced += 1;
    else if (one.sighting.disposition === "expected" && one.novelty !== "adopted") totals.expected += 1;
    if (one.novelty === "adopted" || one.novelty === "lifted") return;
    totals[one.novelty] += 1;
    if (one.novelty === "new")
      totals.newByDetection.set(one.row.detectionId, (totals.newByDetection.get(one.row.detectionId) ?? 0) + 1);
  }
}

/** End of the candidates that are told together: one detection's, and not more than are held. */
function endOf(candidates: readonly Candidate[], from: number): number {
  const id = candidates[from]?.row.detectionId;
  let to = from;
  while (to < candidates.length && to - from < HELD && candidates[to]?.row.detectionId === id) to++;
  return to;
}

/** Sightings come first in a transaction, then their messages: in a wave one for all, which names nobody. */
function suspectOf(tried: readonly Written[], index: number | undefined, { wave }: BatchContext): Row | undefined {
  if (index === undefined) return undefined;
  if (index < tried.length) return tried[index]?.row;
  return wave ? undefined : tried.filter((one) => one.kind === "tell")[index - tried.length]?.row;
}

const rowsOf = (decided: readonly Written[]): Row[] => decided.map((one) => one.row);

function halves<T>(items: readonly T[]): [T[], T[]] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
