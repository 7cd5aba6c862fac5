import type { Announce, Decision, SaveQuietly, Touch } from "../core/decide-write.ts";
import { decideWrite } from "../core/decide-write.ts";
import type { Evidence } from "../core/evidence.ts";
import type { Detection } from "../core/pack.ts";
import { countNew, newCommitCounters } from "../core/run-counters.ts";
import type { Row } from "../core/sighting.ts";
import { sightingKey } from "../core/sighting.ts";
import { partitionOf } from "../core/slice.ts";
import { chunksOf } from "../core/split-list.ts";
import type { KnownRecord, SightingsStore } from "../core/stores/sightings-store.ts";
import { EVIDENCE_BATCH } from "../evidence/collect.ts";
import type { Logger } from "../logger.ts";
import type { AnnounceContext } from "./announce-context.ts";
import { assignWave } from "./assign-wave.ts";
import type { Candidate } from "./candidate.ts";
import type { BatchContext } from "./commit.ts";
import { batchSize, commitBatch, writeAt } from "./commit.ts";
import type { RetryableBatch } from "./commit-with-retry.ts";
import { commitWithRetry } from "./commit-with-retry.ts";
import { keysOf } from "./load-known.ts";
import { logCommitted } from "./log-committed.ts";
import { readOtherTools } from "./other-tools.ts";

/** Candidates of one detection whose evidence is held at once: enough to count a wave by, little enough for memory. */
const MAX_HELD = 2000;

/** Covers nothing (R13). */
const NOT_COLLECTED: Evidence = { pieces: [], missing: ["not looked for"] };

type Write = Announce | SaveQuietly | Touch;
type KnownRecords = ReadonlyMap<string, KnownRecord>;

/** Announces candidates, and counts what was committed: evidence, approvals, waves, commit (docs/architecture.md, One run). */
export function candidateAnnouncer(context: AnnounceContext, store: SightingsStore, log: Logger) {
  const counters = newCommitCounters();
  const detections = new Map(context.pack.detections.map((detection) => [detection.id, detection]));

  return { counters, announce };

  /** `candidates` in the order of their detections: evidence in full batches over all of them, waves counted for each detection as a whole. */
  async function announce(candidates: readonly Candidate[]): Promise<void> {
    if (candidates.length === 0) return;
    const lookup = await context.evidence(candidates.map(({ row }) => row));
    const evidence = new Map<string, Evidence>();
    let collected = 0;
    for (let from = 0; from < candidates.length;) {
      const to = endOf(candidates, from);
      // Full batches: the next detection's first candidates fill up this one's last batch.
      for (; collected < to; collected += EVIDENCE_BATCH) {
        const rows = candidates.slice(collected, collected + EVIDENCE_BATCH).map(({ row }) => row);
        for (const [key, found] of await lookup(rows)) evidence.set(key, found);
      }
      const group = candidates.slice(from, to);
      const detection = detections.get(group[0]?.row.detectionId ?? "");
      if (detection) await announceDetection(group, detection, evidence);
      for (const { row } of group) evidence.delete(sightingKey(row));
      from = to;
    }
  }

  async function announceDetection(
    candidates: readonly Candidate[],
    detection: Detection,
    evidence: ReadonlyMap<string, Evidence>,
  ): Promise<void> {
    const others = await readOtherTools(candidates, context.toolOf, store);
    const known = await readKnown(candidates);
    const decideRow = (row: Row, records: KnownRecords): Decision =>
      decideWrite(
        row,
        records,
        evidence.get(sightingKey(row)) ?? NOT_COLLECTED,
        detection,
        context,
        partitionOf(row.deviceId),
      );
    // Decided once: the decisions that are counted for the wave are those that the first attempt writes.
    const decisions = new Map(candidates.map(({ row }) => [row, decideRow(row, known)]));
    const counted = [...decisions.values()].flatMap((one) => (one.kind === "announce" ? [one.evidence] : []));
    const { wave, opened } = await assignWave(detection, counted, context);
    if (opened) counters.waves += 1;
    const batch: BatchContext = {
      ...context,
      detection,
      window: context.unit.window,
      otherTools: (deviceId) => others.get(deviceId),
      ...(wave && { wave }),
    };
    const decide = (rows: readonly Row[], records: KnownRecords): readonly Write[] =>
      rows
        .map((row) => (records === known && decisions.get(row)) || decideRow(row, records))
        .filter((decision) => decision.kind !== "nothing");
    const rowsByPartition = Map.groupBy([...decisions.keys()], ({ deviceId }) => partitionOf(deviceId));
    for (const [partition, rows] of rowsByPartition) {
      const steps = retryable(partition, batch, decide);
      for (const chunk of chunksOf(rows, batchSize(wave))) {
        await commitWithRetry(chunk, known, steps);
        for (const row of chunk) decisions.delete(row);
      }
    }
  }

  /** Point reads of the candidates whose sightings the state showed; the others are insert-only. */
  async function readKnown(candidates: readonly Candidate[]): Promise<KnownRecords> {
    const known = new Map<string, KnownRecord>();
    const rows = candidates.filter((candidate) => candidate.known).map(({ row }) => row);
    for (const [partition, inPartition] of Map.groupBy(rows, ({ deviceId }) => partitionOf(deviceId)))
      for (const [key, record] of await store.readKeys(partition, keysOf(inPartition, detections)))
        known.set(key, record);
    return known;
  }

  function retryable(
    partition: string,
    batch: BatchContext,
    decide: (rows: readonly Row[], records: KnownRecords) => readonly Write[],
  ): RetryableBatch<Row, KnownRecords, Write> {
    return {
      partition,
      decide,
      reload: (rows) => store.readKeys(partition, keysOf(rows, detections)),
      kindOf: ({ kind }) => (kind === "touch" ? "refresh" : "commit"),
      itemOf: ({ row }) => row,
      commit: (writes) => {
        const refreshes = writes.flatMap((write) => (write.kind === "touch" ? [write.refresh] : []));
        return refreshes.length > 0
          ? store.refresh(partition, refreshes)
          : commitBatch(partition, writes.filter(isCommit), batch, store);
      },
      itemAt: (writes, index) => writeAt(writes, index, batch)?.row,
      committed: (writes) => {
        const committed = writes.filter(isCommit);
        for (const write of committed) count(write);
        logCommitted(committed, batch, log);
      },
      quarantine: ({ detectionId, deviceId }, reason) => {
        counters.quarantined += 1;
        log.error(
          { event: "state.quarantined", partition, detectionId, deviceId: deviceId.slice(0, 128), reason },
          "the state refused this sighting; each run tries it again while its rows are in the lookback",
        );
      },
    };
  }

  function count(write: Announce | SaveQuietly): void {
    const { novelty, row, sighting } = write;
    if (write.kind === "announce") counters.announced += 1;
    else if (sighting.disposition === "expected" && novelty !== "inherited") counters.expected += 1;
    if (novelty === "inherited" || novelty === "reannounced") return;
    counters[novelty] += 1;
    if (novelty === "new") countNew(counters, row.detectionId, 1);
  }
}

const isCommit = (write: Write): write is Announce | SaveQuietly => write.kind !== "touch";

/** End of the candidates that are announced together: one detection's, and not more than are held. */
function endOf(candidates: readonly Candidate[], from: number): number {
  const id = candidates[from]?.row.detectionId;
  let to = from;
  while (to < candidates.length && to - from < MAX_HELD && candidates[to]?.row.detectionId === id) to++;
  return to;
}
