import type { Judgement, KnownSighting, Novelty } from "./core/decide.ts";
import { announce, causeOf, decide } from "./core/decide.ts";
import { messageId } from "./core/message-id.ts";
import { sightingMessage } from "./core/message.ts";
import type { Detection, Pack } from "./core/pack.ts";
import type { UnitPlan } from "./core/plan.ts";
import type { Row } from "./core/sighting.ts";
import type { Change, Glimpse, Known, Refresh, SightingsTable } from "./azure/sightings-table.ts";
import { sightingRowKey } from "./azure/sightings-table.ts";
import { MAX_BINARY_BYTES, MAX_ENTITIES } from "./azure/transaction.ts";
import { StateError } from "./errors.ts";
import type { Logger } from "./logger.ts";
import type { Glimpses } from "./recall.ts";
import { keysOf, recallAhead } from "./recall.ts";

/** What a unit's rows are judged and told by. */
export interface Telling {
  readonly pack: Pack;
  readonly unit: UnitPlan;
  readonly workspace: { readonly name: string; readonly id: string; readonly tenant?: string };
  readonly judgement: Judgement;
  /** Epoch by partition, as the plan found it. */
  readonly epochs: ReadonlyMap<string, string>;
  /** Devices known of a detection when the run was planned. */
  readonly knownDevices: (detectionId: string) => number;
  /** The detection's definition differs from the one that read before. */
  readonly changed: (detectionId: string) => boolean;
  readonly runId: string;
  readonly now: Date;
  /** False: an operator restores a lost state; what is new is written as known, silently. */
  readonly tell: boolean;
}

export interface Remembered {
  readonly new: number;
  readonly returned: number;
  /** Messages put into the outbox. */
  readonly announced: number;
  /** New devices by detection id. */
  readonly newByDetection: ReadonlyMap<string, number>;
  /** Entities the service refused: tried again by each run. */
  readonly putAside: number;
}

/** Rounds of read, decide, build and write for one transaction. Design §4. */
const ROUNDS = 4;

/** Entities of one transaction of announcements: a sighting and its message each. */
const MAX_ANNOUNCED = MAX_ENTITIES / 2;

type Decided =
  | {
      readonly kind: "tell";
      readonly row: Row;
      readonly change: Change;
      readonly novelty: "new" | "returned" | "adopted";
    }
  | { readonly kind: "refresh"; readonly row: Row; readonly refresh: Refresh }
  | { readonly kind: "nothing" };

type KnownByKey = ReadonlyMap<string, Known>;

/**
 * Brings the rows of one unit into the state: recalls what is known, decides, and commits each announced sighting in one
 * transaction with its message.
 * @throws {StateError} when the state can't be read or written, or a transaction still conflicts after four rounds
 */
export async function remember(
  rows: readonly Row[],
  by: Telling,
  table: SightingsTable,
  log: Logger,
): Promise<Remembered> {
  const totals = { new: 0, returned: 0, announced: 0, putAside: 0, newByDetection: new Map<string, number>() };
  const detections = new Map(by.pack.detections.map((detection) => [detection.id, detection]));
  for await (const { partition, inPartition, glimpses } of recallAhead(
    rows,
    { detections, knownDevices: by.knownDevices },
    table,
  )) {
    const kinds = Map.groupBy(inPartition, (row) => weigh(row, glimpses, by, detections));
    // Messages are built when they are committed, a transaction at a time: a first run's would not fit into memory.
    for (const chunk of chunks(kinds.get("tell") ?? [], MAX_ANNOUNCED)) {
      const keys = keysOf(chunk, detections).filter((key) => glimpses.has(key));
      await commit(partition, chunk, await table.recallKeys(partition, keys));
    }
    for (const chunk of chunks(kinds.get("refresh") ?? [], MAX_ENTITIES)) await refresh(partition, chunk, glimpses);
  }
  return totals;

  /** The days that have moved; whatever comes in between is decided again. */
  async function refresh(partition: string, chunk: readonly Row[], glimpses: Glimpses): Promise<void> {
    const refreshes = chunk.flatMap((row) => {
      const glimpse = glimpses.get(sightingRowKey(row));
      return glimpse ? [{ ...row, etag: glimpse.etag }] : [];
    });
    const outcome = await table.refresh(partition, refreshes);
    if (outcome.kind !== "done")
      await commit(partition, chunk, await table.recallKeys(partition, keysOf(chunk, detections)));
  }

  /** R8: a conflict means read, decide and build again. R9: nothing left, nothing written. */
  async function commit(partition: string, chunk: readonly Row[], known: KnownByKey): Promise<void> {
    let current = known;
    for (let round = 0; round < ROUNDS; round++) {
      if (round > 0) current = await table.recallKeys(partition, keysOf(chunk, detections));
      const decided = chunk.map((row) => judge(row, current, by, detections, partition));
      const told = decided.filter((one) => one.kind === "tell");
      const seen = decided.filter((one) => one.kind === "refresh");
      if (told.length > 0 && seen.length > 0) {
        // After another run told some of them: the two kinds of write go apart.
        await commit(partition, rowsOf(told), current);
        await commit(partition, rowsOf(seen), current);
        return;
      }
      if (told.length + seen.length === 0) return;
      if (told.length > 1 && bytesOf(told) > MAX_BINARY_BYTES) {
        for (const half of halves(rowsOf(told))) await commit(partition, half, current);
        return;
      }
      const outcome =
        told.length > 0
          ? await table.commit(
              partition,
              told.map((one) => one.change),
              by.now,
            )
          : await table.refresh(
              partition,
              seen.map((one) => one.refresh),
            );
      if (outcome.kind === "done") {
        for (const one of told) count(one);
        return;
      }
      if (outcome.kind === "refused") {
        await putAside(partition, [...told, ...seen], outcome, current);
        return;
      }
    }
    throw new StateError(
      `sightings of partition ${partition} still conflict after ${ROUNDS} rounds: other runs keep writing them; the next run tries again`,
    );
  }

  /** R14: the one entity that is refused must not block its neighbours. Where the service names one, it is tried alone first. */
  async function putAside(
    partition: string,
    tried: readonly Written[],
    refusal: { readonly index?: number; readonly reason: string },
    known: KnownByKey,
  ): Promise<void> {
    const [only] = tried;
    if (tried.length === 1 && only) {
      totals.putAside += 1;
      const { detectionId, deviceId } = only.row;
      log.error(
        { event: "state.put-aside", partition, detectionId, deviceId: deviceId.slice(0, 128), reason: refusal.reason },
        "the state refused this sighting; each run tries it again while its rows are in the lookback",
      );
      return;
    }
    const owners = tried.flatMap((one) => (one.kind === "tell" && one.change.message ? [one.row, one.row] : [one.row]));
    const suspect = refusal.index === undefined ? undefined : owners[refusal.index];
    const rest = rowsOf(tried).filter((row) => row !== suspect);
    for (const part of suspect ? [[suspect], rest] : halves(rest)) await commit(partition, part, known);
  }

  function count(one: Extract<Decided, { kind: "tell" }>): void {
    if (one.change.message) totals.announced += 1;
    if (one.novelty === "adopted") return;
    totals[one.novelty] += 1;
    if (one.novelty === "new")
      totals.newByDetection.set(one.row.detectionId, (totals.newByDetection.get(one.row.detectionId) ?? 0) + 1);
  }
}

type Written = Exclude<Decided, { kind: "nothing" }>;

const rowsOf = (decided: readonly Written[]): Row[] => decided.map((one) => one.row);

const bytesOf = (told: readonly Extract<Decided, { kind: "tell" }>[]): number =>
  told.reduce((sum, one) => sum + (one.change.message?.body.byteLength ?? 0), 0);

function halves<T>(items: readonly T[]): [T[], T[]] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

const chunks = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

/** What a row means here: against its own sighting, or the one of an id that its detection supersedes (R11). */
function compare<Of extends Glimpse>(
  row: Row,
  known: ReadonlyMap<string, Of>,
  by: Telling,
  detection: Detection,
): { novelty: Novelty<Of>; own: Of | undefined; inherited: Of | undefined } {
  const own = known.get(sightingRowKey(row));
  const inherited = own ? undefined : firstKnown(detection.supersedes, row, known);
  return { novelty: decide(row, own ?? inherited, by.judgement), own, inherited };
}

/** The kind of write that a row needs, without building its message. */
function weigh(row: Row, known: Glimpses, by: Telling, detections: ReadonlyMap<string, Detection>): Decided["kind"] {
  const detection = detections.get(row.detectionId);
  if (!detection) return "nothing";
  const { novelty, inherited } = compare(row, known, by, detection);
  if (novelty.kind !== "seen-again" || inherited) return "tell";
  return novelty.refresh ? "refresh" : "nothing";
}

/** What is to be written for a row, against what is known of it. Pure. */
function judge(
  row: Row,
  known: KnownByKey,
  by: Telling,
  detections: ReadonlyMap<string, Detection>,
  partition: string,
): Decided {
  const detection = detections.get(row.detectionId);
  if (!detection) return { kind: "nothing" };
  const { novelty, own, inherited } = compare(row, known, by, detection);
  if (novelty.kind !== "seen-again") return tell(row, novelty, own, detection, by, partition);
  // A rename tells nobody: the new id takes over what the old one knew.
  if (inherited)
    return { kind: "tell", row, novelty: "adopted", change: { sighting: adopt(row, inherited, detection, by) } };
  return own && novelty.refresh ? { kind: "refresh", row, refresh: { ...row, etag: own.etag } } : { kind: "nothing" };
}

function tell(
  row: Row,
  novelty: Exclude<Novelty, { kind: "seen-again" }>,
  own: Known | undefined,
  detection: Detection,
  by: Telling,
  partition: string,
): Decided {
  const fresh = announce(row, novelty, detection, by.workspace.name, by.now);
  const etag = own && { etag: own.etag };
  if (!by.tell) return { kind: "tell", row, novelty: novelty.kind, change: { sighting: fresh, ...etag } };
  const epochId = by.epochs.get(partition);
  if (epochId === undefined)
    throw new StateError(`partition ${partition} has no epoch; the plan makes one before anything is told`);
  const sighting = { ...fresh, messageId: messageId({ ...fresh, epochId }) };
  const knownDevices = by.knownDevices(row.detectionId);
  const message = sightingMessage({
    detection,
    row,
    sighting,
    ...(novelty.kind === "returned" && { previous: novelty.previous }),
    cause: causeOf(row, by.unit, by.changed(row.detectionId)),
    novelty: { firstInState: knownDevices === 0, knownDevices },
    window: { from: by.unit.window.from, to: by.unit.window.to },
    workspace: by.workspace,
    runId: by.runId,
    decidedAt: by.now,
  });
  return { kind: "tell", row, novelty: novelty.kind, change: { sighting, ...etag, message } };
}

function firstKnown<Of>(ids: readonly string[], row: Row, known: ReadonlyMap<string, Of>): Of | undefined {
  for (const detectionId of ids) {
    const found = known.get(sightingRowKey({ detectionId, deviceId: row.deviceId }));
    if (found) return found;
  }
  return undefined;
}

const adopt = (row: Row, inherited: KnownSighting, detection: Detection, by: Telling): Change["sighting"] => ({
  ...announce(row, { kind: "new" }, detection, by.workspace.name, by.now),
  firstSeen: inherited.firstSeen,
  lastSeen: row.lastSeen > inherited.lastSeen ? row.lastSeen : inherited.lastSeen,
  episode: inherited.episode,
  telling: inherited.telling,
  disposition: inherited.disposition,
});
