import { createHash } from "node:crypto";
import { pino } from "pino";
import type {
  Advance,
  CoverageStore,
  DetectionRecord,
  Marks,
  CoverageRecord,
} from "../../shared/core/stores/coverage-store.ts";
import type {
  SightingChange,
  KnownRecord,
  SightingRefresh,
  SightingsStore,
  SightingRecord,
} from "../../shared/core/stores/sightings-store.ts";
import { sightingRowKey } from "../../shared/core/stores/sighting-key.ts";
import { batchesOf } from "../../shared/azure/batches.ts";
import type { WriteOutcome } from "../../shared/core/stores/write-outcome.ts";
import type { WaveStore } from "../../shared/core/stores/wave-store.ts";
import type { ApprovalSet } from "../../shared/core/approval.ts";
import { NO_EVIDENCE } from "../../shared/core/evidence.ts";
import { decodeEvidence } from "../../shared/core/stored-evidence.ts";
import { TYPES, anyEvent } from "../../shared/core/event.ts";
import type { TableFreshness } from "../../shared/core/freshness.ts";
import type { Detection, Pack, QueryWindow } from "../../shared/core/pack.ts";
import type { RunRecord } from "../../shared/core/run-record.ts";
import type { OutboxMessage } from "../../shared/core/sighting.ts";
import type { WaveState } from "../../shared/core/wave.ts";
import type { Slice } from "../../shared/core/slice.ts";
import { partitionOf, sliceName } from "../../shared/core/slice.ts";
import type { RowsAnswer, Source } from "../../shared/core/source.ts";
import { PublishError, SourceError, StateError } from "../../shared/errors.ts";
import type { Outbox } from "../../shared/core/outbox.ts";
import type { Logger } from "../../shared/logger.ts";
import type { Queue } from "../../shared/core/queue.ts";
import type { RelayResult } from "../../shared/outbox/relay.ts";
import { relay } from "../../shared/outbox/relay.ts";
import type { RunSettings, Service } from "../../shared/run/run-context.ts";
import { run } from "../../shared/run/run.ts";
import { Scheduler } from "./scheduler.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const START = new Date("2026-03-01T00:00:00Z");

/** A device shows a detection's signer: when, and when the row can be read. Milliseconds since START. */
export interface Activity {
  readonly device: string;
  readonly at: number;
  readonly ingested: number;
  readonly detection?: string;
}

/** Something happened around a device's file: who brought it, or who started it. Milliseconds since START. */
export interface ModelEvent {
  readonly device: string;
  readonly at: number;
  readonly ingested: number;
  readonly detection?: string;
  readonly kind: "arrival" | "run";
  /** Of who did it. Default: the model's own deployer. */
  readonly path?: string;
  /** Where the file lies that came or was started. */
  readonly folder?: string;
}

/** What the model's deployments come from. */
export const DEPLOYER = {
  path: "c:\\windows\\ccm\\ccmexec.exe",
  signer: "Microsoft Corporation",
  sid: "S-1-5-18",
} as const;

interface StoredSighting {
  readonly change: SightingChange["sighting"];
  readonly evidence?: string;
  lastSeen: Date;
  etag: string;
}

interface StoredMessage {
  readonly message: OutboxMessage;
  readonly createdAt: Date;
  readonly partition: string;
}

/** Received by the consumer, broker's duplicates left out. */
export interface Received {
  readonly id: string;
  readonly at: number;
  /** Of a member: the message that it came in. */
  readonly wave?: string;
  readonly data: {
    readonly device: { readonly id: string };
    readonly detection: { readonly id: string };
    readonly sighting: { readonly kind: string; readonly episode: number };
    readonly cause: string;
  };
}

export const detection = (id: string, change: Partial<Detection> = {}): Detection => ({
  id,
  name: `Detection ${id}`,
  description: "",
  tool: "level",
  severity: "medium",
  tactics: ["CommandAndControl"],
  techniques: ["T1219"],
  supersedes: [],
  hash: `hash-${id}`,
  ...change,
});

export const LEVEL = "3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc";

export const packOf = (detections: readonly Detection[], change: Partial<Pack> = {}): Pack => ({
  name: "yaml-level",
  hash: createHash("sha256").update(JSON.stringify(detections)).digest("hex"),
  detections,
  tables: ["DeviceFileCertificateInfo"],
  query: [],
  ...change,
});

export const SETTINGS: RunSettings = {
  lookback: 5 * DAY,
  horizon: 30 * DAY,
  overlap: 6 * HOUR,
  dormancyDays: 31,
  budget: 8 * 60_000,
  waveThreshold: 0,
};

/**
 * Everything around the decisions, in memory: a source that answers as the prelude would, a state with transactions and
 * If-Match, a broker that drops duplicates. Each effect waits for its turn, so that tests order runs and kill them anywhere.
 */
export class World {
  readonly scheduler = new Scheduler();
  readonly activities: Activity[] = [];
  readonly events: ModelEvent[] = [];
  evidenceMissing = false;
  readonly sightings = new Map<string, Map<string, StoredSighting>>();
  readonly epochs = new Map<string, string>();
  readonly outbox = new Map<string, StoredMessage>();
  readonly units = new Map<string, CoverageRecord>();
  readonly attempts = new Map<string, Date>();
  readonly namedEpochs = new Map<string, string>();
  readonly detections = new Map<string, DetectionRecord>();
  readonly runs: RunRecord[] = [];
  /** One entry a sighting that was told, singly or as a member of a wave. */
  readonly received: Received[] = [];
  /** Headers of waves. */
  readonly headers: { readonly id: string; readonly at: number; readonly detection: string }[] = [];
  readonly waves = new Map<string, { readonly state: WaveState; readonly etag: string }>();
  approvals: ApprovalSet | undefined;
  marks: Marks = {};
  /** All that the broker accepted, duplicates too. */
  readonly sends: string[] = [];
  readonly queries: { readonly window: QueryWindow; readonly slice: string }[] = [];
  readonly log: Record<string, unknown>[] = [];
  /** What runs and passes log to. Default: `log`. */
  logger: Logger = pino({ level: "debug" }, { write: (line: string) => void this.log.push(JSON.parse(line)) });
  packs: readonly Pack[] = [packOf([detection(LEVEL)])];
  settings: RunSettings = SETTINGS;
  /** True time, milliseconds since START. */
  now = 0;
  /** What the service's clock is off by. */
  skew = 0;
  /** The table answers 200 with zero rows. */
  protected = false;
  /** Rows stop arriving: event times up to here only. */
  silentFrom = Infinity;
  /** Message ids the broker refuses; devices whose entity the state refuses. */
  readonly refusedMessages = new Set<string>();
  readonly refusedDevices = new Set<string>();
  deletesFail = false;
  announceLimit = 2000;
  /** Called with each query; may throw, or return what the answer lacks. */
  onQuery: (slice: Slice, n: number) => { readonly partial?: (device: string) => boolean } | undefined = () =>
    undefined;
  dedupeWindow = 7 * DAY;
  readonly #dedupe = new Map<string, number>();
  #etag = 0;
  #id = 0;

  /** True time as a date. */
  date(ms: number = this.now): Date {
    return new Date(START.getTime() + ms);
  }

  service(task: string): Service {
    return {
      settings: this.settings,
      packs: this.packs,
      sources: [this.#source(task)],
      sightings: this.#sightings(task),
      coverage: this.#coverage(task),
      waves: this.#waves(task),
      approvals: this.#approvals(task),
      relay: () => this.#relay(task),
      // Two machines' clocks never agree.
      clock: () => this.date(this.now + this.skew + (task.startsWith("b-") ? 1500 : 0)),
      newId: () => `id-${++this.#id}`,
      log: this.logger,
    };
  }

  /** One run alone, to its end or to its death. */
  async run(name = `run-${this.runs.length}-${++this.#id}`): Promise<RunRecord | undefined> {
    let record: RunRecord | undefined;
    await this.scheduler.drive({ [name]: async () => (record = await run(this.service(name))) });
    return record;
  }

  /** A run that dies before its n-th effect. */
  async runThenDie(effect: number): Promise<void> {
    const name = `dying-${++this.#id}`;
    let effects = 0;
    const choose = this.scheduler.choose;
    this.scheduler.choose = () => {
      if (effects++ === effect) this.scheduler.kill(name);
      return 0;
    };
    await this.scheduler.drive({ [name]: () => run(this.service(name)) });
    this.scheduler.choose = choose;
  }

  async relay(): Promise<void> {
    const name = `relay-${++this.#id}`;
    await this.scheduler.drive({ [name]: () => this.#relay(name) });
  }

  /** Two runs at once; `choose` says whose effect comes next. */
  async runTogether(choose: (waiting: readonly string[]) => number): Promise<void> {
    const before = this.scheduler.choose;
    this.scheduler.choose = choose;
    const [a, b] = [`a-${++this.#id}`, `b-${this.#id}`];
    await this.scheduler.drive({ [a]: () => run(this.service(a)), [b]: () => run(this.service(b)) });
    this.scheduler.choose = before;
  }

  /** Deletes what was not seen since `days`, as the retention does: each only as it was read. */
  retain(days: number): void {
    const before = this.date(this.now - days * DAY);
    const waiting = new Set([...this.outbox.values()].map(({ message }) => message.id));
    for (const partition of this.sightings.values()) {
      for (const [key, of] of partition)
        if (of.lastSeen < before && !waiting.has(of.change.messageId ?? "")) partition.delete(key);
    }
  }

  /** The state account is deleted and made again. */
  loseState(): void {
    this.sightings.clear();
    this.epochs.clear();
    this.outbox.clear();
  }

  announcedFor(device: string): readonly Received[] {
    return this.received.filter(({ data }) => data.device.id === device);
  }

  #source(task: string): Source {
    return {
      id: "00000000-0000-4000-8000-000000000001",
      name: "main",
      kind: "log-analytics",
      maxRows: 500_000,
      query: async (pack, window, slice) => {
        await this.scheduler.turn(task);
        this.queries.push({ window, slice: sliceName(slice) });
        const hook = this.onQuery(slice, this.queries.length);
        return this.#answer(pack, window, slice, hook?.partial);
      },
      freshness: async (tables, now) => {
        await this.scheduler.turn(task);
        return tables.map((table) => this.#freshness(table, now));
      },
      evidence: async (pack, ask) => {
        if (!pack.evidence)
          return {
            asked: 0,
            pieces: [],
            tasks: [],
            logons: [],
            missing: [{ devices: ask.devices, reason: "no files" }],
          };
        await this.scheduler.turn(task);
        const missing = this.evidenceMissing ? [{ devices: ask.devices, reason: "as the test wants it" }] : [];
        const pieces = pack.detections.flatMap(({ id }) =>
          ask.devices.map((device) => this.#around(id, device, ask.window)),
        );
        return { asked: 1, pieces, tasks: [], logons: [], missing };
      },
    };
  }

  /** As the evidence query answers for one device. */
  #around(detectionId: string, device: string, window: QueryWindow): Readonly<Record<string, unknown>> {
    const acts = this.events.filter((of) => {
      if (of.device !== device || (of.detection ?? LEVEL) !== detectionId || of.ingested > this.now) return false;
      const time = this.date(of.at);
      const late = this.date(of.ingested) > window.since && time > window.horizon;
      return late || (time >= window.from && time <= window.to);
    });
    const items = acts.map(({ at, kind, path = DEPLOYER.path, folder = "c:\\program files\\agent" }) => {
      const end = {
        file: "agent.exe",
        path: folder,
        sha1: "1".repeat(40),
        command: "",
        install: "",
      };
      return {
        kind,
        source: kind === "arrival" ? "DeviceFileEvents/FileCreated" : "DeviceProcessEvents/ProcessCreated",
        instance: "1",
        firstAt: this.date(at).toISOString(),
        first: end,
        lastAt: this.date(at).toISOString(),
        last: end,
        name: path.split("\\").at(-1) ?? "",
        path,
        sha1: "2".repeat(40),
        parent: "services.exe",
        sid: DEPLOYER.sid,
        account: "system",
        type: "",
        status: "",
        certificate: { signers: [DEPLOYER.signer], trusted: true, root: true },
        own: false,
      };
    });
    return {
      DetectionId: detectionId,
      DeviceId: device,
      TableName: "",
      Groups: items.length,
      Pieces: JSON.stringify(items),
    };
  }

  #answer(
    pack: Pack,
    window: QueryWindow,
    slice: Slice,
    partial: ((device: string) => boolean) | undefined,
  ): RowsAnswer {
    const now = window.to.getTime();
    const rows = new Map<string, { first: number; last: number; count: number; device: string; detection: string }>();
    for (const { device, at, ingested, detection: of = LEVEL } of this.protected ? [] : this.activities) {
      if (ingested > this.now || !inSlice(device, slice) || !pack.detections.some(({ id }) => id === of)) continue;
      const time = this.date(at).getTime();
      const late = this.date(ingested) > window.since && time > window.horizon.getTime();
      const inWindow = time >= window.from.getTime() && time <= now;
      if (!inWindow && !late) continue;
      if (window.until && this.date(ingested) > window.until) continue;
      if (pack.ownWindow !== undefined && time < this.date(this.now).getTime() - pack.ownWindow) continue;
      if (partial && !partial(device)) continue;
      const row = rows.get(`${of}|${device}`);
      if (row)
        Object.assign(row, { first: Math.min(row.first, time), last: Math.max(row.last, time), count: row.count + 1 });
      else rows.set(`${of}|${device}`, { first: time, last: time, count: 1, device, detection: of });
    }
    const records = [...rows.values()].map(({ first, last, count, device, detection: of }) => ({
      DetectionId: of,
      DeviceId: device,
      DeviceName: `host-${device.slice(0, 6)}`,
      FirstSeen: new Date(first),
      LastSeen: new Date(last),
      Report: "[1]",
      Count: count,
      // As the catalogue's rows have it, wherever evidence can be looked for.
      ...(pack.evidence && { DeviceGroup: "", Signers: "[]", Files: "[]", Counterfeit: false }),
    }));
    return {
      complete: partial === undefined,
      count: records.length,
      // As small as they go: what a real answer's portions of thousands do wrong, these do in every history.
      batches: batchesOf(records.length, (n) => records[n]?.DeviceId, 2).map((batch) =>
        batch.flatMap((n) => records[n] ?? []),
      ),
      discard: () => undefined,
      ...(partial && { partialReason: "E_QUERY_RESULT_SET_TOO_LARGE" }),
    };
  }

  /** Background rows every hour of true time, as a healthy tenant has them. */
  #freshness(table: string, now: Date): TableFreshness {
    if (this.protected) return { table, hours: [] };
    const newest = Math.min(this.now, this.silentFrom);
    const hours = Array.from({ length: 7 * 24 }, (_, i) => Math.floor(newest / HOUR) * HOUR - i * HOUR)
      .map((ms) => ({ hour: this.date(ms), count: 10, signed: 9 }))
      .filter(({ hour }) => hour.getTime() > now.getTime() - 7 * DAY && hour <= now);
    if (hours.length === 0) return { table, hours };
    return { table, hours, newestIngested: this.date(newest), newestRow: this.date(newest) };
  }

  #partition(partition: string): Map<string, StoredSighting> {
    const stored = this.sightings.get(partition) ?? new Map<string, StoredSighting>();
    this.sightings.set(partition, stored);
    return stored;
  }

  #sightings(task: string): SightingsStore {
    const known = ({ change, lastSeen, etag, evidence: stored }: StoredSighting): KnownRecord => ({
      ...change,
      lastSeen,
      etag,
      ...(stored !== undefined && { stored }),
    });
    return {
      readVersions: async (partition) => {
        await this.scheduler.turn(task);
        return new Map([...this.#partition(partition)].map(([key, of]) => [key, known(of)]));
      },
      readKeys: async (partition, keys) => {
        await this.scheduler.turn(task);
        const stored = this.#partition(partition);
        return new Map(
          keys.flatMap((key) => {
            const of = stored.get(key);
            return of ? [[key, known(of)]] : [];
          }),
        );
      },
      stored: (partition, filter) => this.#stored(task, partition, filter),
      storedKeys: async (partition, keys) => {
        await this.scheduler.turn(task);
        const stored = this.#partition(partition);
        return keys.flatMap((key) => {
          const of = stored.get(key);
          return of ? [toRecord(of)] : [];
        });
      },
      detectionsOn: async (partition, deviceIds) => {
        await this.scheduler.turn(task);
        const on = new Map<string, string[]>();
        for (const { change } of this.#partition(partition).values())
          if (deviceIds.includes(change.deviceId))
            on.set(change.deviceId, [...(on.get(change.deviceId) ?? []), change.detectionId]);
        return on;
      },
      epoch: async (partition) => {
        if (partition === "0") await this.scheduler.turn(task);
        return this.epochs.get(partition);
      },
      makeEpoch: async (partition, epoch) => {
        await this.scheduler.turn(task);
        const stored = this.epochs.get(partition) ?? epoch;
        this.epochs.set(partition, stored);
        return stored;
      },
      replaceEpoch: async (partition, epoch) => {
        await this.scheduler.turn(task);
        this.epochs.set(partition, epoch);
      },
      commit: async (partition, changes, messages, now) => {
        await this.scheduler.turn(task);
        return this.#commit(partition, changes, messages, now);
      },
      refresh: async (partition, refreshes) => {
        await this.scheduler.turn(task);
        return this.#refresh(partition, refreshes);
      },
    };
  }

  /** As the table reads it: what is written while it goes on may be missed or seen. */
  async *#stored(
    task: string,
    partition: string,
    filter?: { readonly expectedOr: readonly string[]; readonly after?: string },
  ): AsyncGenerator<SightingRecord, void, undefined> {
    await this.scheduler.turn(task);
    const byKey = [...this.#partition(partition)].toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const [key, of] of byKey) {
      const { disposition, detectionId } = of.change;
      if (filter?.after !== undefined && key <= filter.after) continue;
      if (!filter || disposition === "expected" || filter.expectedOr.includes(detectionId)) yield toRecord(of);
    }
  }

  #commit(
    partition: string,
    changes: readonly SightingChange[],
    messages: readonly OutboxMessage[],
    now: Date,
  ): WriteOutcome {
    const stored = this.#partition(partition);
    const keys = changes.map(({ sighting }) => sightingRowKey(sighting));
    if (changes.length === 0 || changes.length + messages.length > 100)
      throw new Error("an empty transaction, or one of more than 100 entities");
    if (
      new Set(keys).size !== keys.length ||
      keys.some((key) => key.split("|")[1] === "" || partitionOf(key.split("|")[1] ?? "") !== partition)
    )
      throw new Error("a transaction that no service takes");
    if (changes.some(({ sighting }) => this.refusedDevices.has(sighting.deviceId)))
      return { kind: "refused", reason: "PropertyValueTooLarge" };
    for (const [i, { etag }] of changes.entries())
      if (stored.get(keys[i] ?? "")?.etag !== etag) return { kind: "conflict" };
    if (messages.some((message) => this.outbox.has(outboxKey(partition, message, now)))) return { kind: "conflict" };
    for (const [i, { sighting, evidence }] of changes.entries()) {
      const before = stored.get(keys[i] ?? "")?.evidence;
      stored.set(keys[i] ?? "", {
        change: sighting,
        lastSeen: sighting.lastSeen,
        etag: `e${++this.#etag}`,
        ...((evidence ?? before) !== undefined && { evidence: evidence ?? before ?? "" }),
      });
    }
    for (const message of messages)
      this.outbox.set(outboxKey(partition, message, now), { message, createdAt: now, partition });
    return { kind: "done" };
  }

  #refresh(partition: string, refreshes: readonly SightingRefresh[]): WriteOutcome {
    const stored = this.#partition(partition);
    if (refreshes.length === 0) throw new Error("an empty transaction");
    if (refreshes.some((of) => stored.get(sightingRowKey(of))?.etag !== of.etag)) return { kind: "conflict" };
    for (const of of refreshes) {
      const one = stored.get(sightingRowKey(of));
      if (one) Object.assign(one, { lastSeen: of.lastSeen, etag: `e${++this.#etag}` });
    }
    return { kind: "done" };
  }

  #waves(task: string): WaveStore {
    return {
      read: async (detectionId) => {
        await this.scheduler.turn(task);
        return this.waves.get(detectionId) ?? { state: { tally: [] } };
      },
      write: async (detectionId, state, etag, header, now) => {
        await this.scheduler.turn(task);
        if (this.waves.get(detectionId)?.etag !== etag) return { kind: "conflict" };
        this.waves.set(detectionId, { state, etag: `e${++this.#etag}` });
        if (header)
          this.outbox.set(outboxKey("wave", header, now), { message: header, createdAt: now, partition: "wave" });
        return { kind: "done" };
      },
    };
  }

  #approvals(task: string): Service["approvals"] {
    return {
      pointer: async () => {
        await this.scheduler.turn(task);
        return this.approvals?.version;
      },
      makePointer: async () => {
        await this.scheduler.turn(task);
        this.approvals ??= { version: 0, approvals: [] };
      },
      current: async () => {
        await this.scheduler.turn(task);
        if (!this.approvals) throw new StateError("there is no pointer");
        return this.approvals;
      },
      apply: async (approvals, expectedVersion) => {
        await this.scheduler.turn(task);
        if ((this.approvals?.version ?? 0) !== expectedVersion)
          return { kind: "conflict", stored: this.approvals?.version };
        this.approvals = { version: expectedVersion + 1, approvals };
        return { kind: "applied", version: expectedVersion + 1 };
      },
    };
  }

  #coverage(task: string): CoverageStore {
    return {
      snapshot: async () => {
        await this.scheduler.turn(task);
        return {
          units: new Map(this.units),
          epochs: new Map(this.namedEpochs),
          detections: new Map(this.detections),
          marks: this.marks,
          attempts: new Map(this.attempts),
        };
      },
      recordAttempt: async (key, at) => {
        await this.scheduler.turn(task);
        this.attempts.set(key, at);
      },
      moveReviewMark: async (review) => {
        await this.scheduler.turn(task);
        const { review: stored } = this.marks;
        const further =
          stored && (stored.version > review.version || (stored.version === review.version && stored.at >= review.at));
        if (!further) this.marks = { ...this.marks, review };
      },
      moveRecheckMark: async (recheck) => {
        await this.scheduler.turn(task);
        if (!this.marks.recheck || this.marks.recheck < recheck) this.marks = { ...this.marks, recheck };
      },
      saveRecheckPosition: async (recheckPosition) => {
        await this.scheduler.turn(task);
        const { recheckPosition: _, ...marks } = this.marks;
        this.marks = { ...marks, ...(recheckPosition && { recheckPosition }) };
      },
      nameEpoch: async (partition, epoch) => {
        await this.scheduler.turn(task);
        if (!this.namedEpochs.has(partition)) this.namedEpochs.set(partition, epoch);
      },
      renameEpoch: async (partition, epoch) => {
        await this.scheduler.turn(task);
        this.namedEpochs.set(partition, epoch);
      },
      advance: async (advances) => {
        await this.scheduler.turn(task);
        for (const advance of advances) this.#advance(advance);
      },
      deleteUnits: async (keys) => {
        await this.scheduler.turn(task);
        for (const key of keys) this.units.delete(key);
      },
      recordDetection: async (id, hash, newDevices, firstSeen) => {
        await this.scheduler.turn(task);
        const before = this.detections.get(id);
        this.detections.set(id, {
          hash: hash ?? before?.hash ?? "",
          knownDevices: (before?.knownDevices ?? 0) + newDevices,
          ...(firstSeen && { firstSeen }),
        });
      },
      recordRun: async (_startedAt, _runId, record) => {
        await this.scheduler.turn(task);
        // The record is written as it was made: run.ts hands its own.
        this.runs.push(record as unknown as RunRecord);
      },
      deleteRuns: async () => 0,
    };
  }

  /** As the table does it: forward only under one pack, another version's mark is left alone. */
  #advance({ key, coveredTo, packHash, priorHash, gapEnd, sliced, cut }: Advance): void {
    const stored = this.units.get(key);
    if (stored && stored.packHash !== packHash && stored.packHash !== priorHash) return;
    const forward = stored?.packHash === packHash && stored.coveredTo > coveredTo ? stored.coveredTo : coveredTo;
    const end = gapEnd ?? stored?.gapEnd;
    this.units.set(key, {
      coveredTo: forward,
      packHash,
      sliced,
      cut,
      etag: `e${++this.#etag}`,
      ...(end && { gapEnd: end }),
    });
  }

  /** The real pass, over an outbox and a queue of this world. */
  #relay(task: string): Promise<RelayResult> {
    return relay({
      outbox: this.#outbox(task),
      queue: async () => this.#queue(task),
      log: this.logger,
      limit: this.announceLimit,
      budgetMs: 60_000,
      now: () => this.date(this.now + this.skew),
    });
  }

  #outbox(task: string): Outbox {
    // Waves first, then oldest first.
    const rank = ([key, { partition }]: [string, StoredMessage]): string => `${partition === "wave" ? 0 : 1}${key}`;
    const ordered = (): [string, StoredMessage][] => [...this.outbox].toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
    return {
      survey: async () => {
        await this.scheduler.turn(task);
        const [oldest] = ordered();
        return {
          depth: this.outbox.size,
          partitions: [...new Set(ordered().map(([, { partition }]) => partition))],
          ...(oldest && { oldest: oldest[1].createdAt }),
        };
      },
      prove: async () => {
        await this.scheduler.turn(task);
        if (this.deletesFail) throw new StateError("deletes fail");
      },
      // As it is when the reading begins: what another pass deletes meanwhile is sent again, under the same id.
      async *read() {
        for (const [key, { message, partition }] of ordered())
          yield { kind: "message" as const, message, partition, key };
      },
      remove: async (_partition, keys) => {
        await this.scheduler.turn(task);
        if (this.deletesFail) throw new StateError("deletes fail");
        for (const key of keys) this.outbox.delete(key);
      },
    };
  }

  #queue(task: string): Queue {
    return {
      sendAll: async (entries, outcomes) => {
        for await (const entry of entries) {
          await this.scheduler.turn(task);
          if (this.refusedMessages.has(entry.message.id))
            outcomes.refused(entry, new PublishError("refused", "as the test wants it"));
          else {
            this.#accept(entry.message);
            outcomes.accepted([entry]);
          }
        }
      },
      close: async () => {},
    };
  }

  #accept(message: OutboxMessage): void {
    this.sends.push(message.id);
    const before = this.#dedupe.get(message.id);
    if (before !== undefined && this.now - before < this.dedupeWindow) return;
    this.#dedupe.set(message.id, this.now);
    const event = anyEvent.parse(JSON.parse(new TextDecoder().decode(message.body)));
    if (event.type === TYPES.wave)
      this.headers.push({ id: message.id, at: this.now, detection: event.data.detection.id });
    else if (event.type === TYPES.members)
      for (const { id, device, kind, episode, cause } of event.data.members)
        this.received.push({
          id,
          at: this.now,
          wave: event.data.wave.id,
          data: { device, detection: event.data.detection, sighting: { kind, episode }, cause },
        });
    else this.received.push({ id: message.id, at: this.now, data: event.data });
  }
}

const outboxKey = (partition: string, message: OutboxMessage, createdAt: Date): string =>
  `${createdAt.toISOString()}|${message.id}|${partition}`;

const toRecord = ({ change, lastSeen, etag, evidence }: StoredSighting): SightingRecord => ({
  ...change,
  lastSeen,
  etag,
  ...(evidence === undefined
    ? { evidence: NO_EVIDENCE, deviceGroup: "", counterfeit: false }
    : decodeEvidence(evidence)),
});

function inSlice(device: string, slice: Slice): boolean {
  if (slice === "all") return true;
  if (!device.startsWith(slice.prefix)) return false;
  return !slice.other || !/^[0-9a-f]/.test(device.slice(slice.prefix.length));
}

export const tooLarge = (): never => {
  throw new SourceError("too-large", "the result is too large");
};
