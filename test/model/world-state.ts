import { pino } from "pino";
import type { ApprovalSet } from "../../shared/core/approval.ts";
import type { Pack, QueryWindow } from "../../shared/core/pack.ts";
import type { RunRecord } from "../../shared/core/run-record.ts";
import type { OutboxMessage } from "../../shared/core/sighting.ts";
import type { Slice } from "../../shared/core/slice.ts";
import type { CoverageRecord, DetectionRecord, Marks } from "../../shared/core/stores/coverage-store.ts";
import type { SightingChange } from "../../shared/core/stores/sightings-store.ts";
import type { WaveState } from "../../shared/core/wave.ts";
import type { Logger } from "../../shared/logger.ts";
import type { RunSettings } from "../../shared/run/run-context.ts";
import { DAY, detection, LEVEL, packOf, SETTINGS } from "./fixtures.ts";
import { Scheduler } from "./scheduler.ts";

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

/** A sighting as the model's table holds it. */
export interface ModelSighting {
  readonly change: SightingChange["sighting"];
  readonly evidence?: string;
  lastSeen: Date;
  etag: string;
}

/** A message as the model's outbox holds it. */
export interface ModelMessage {
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

/**
 * The data, the state, the queue and the clocks of a model's world, in memory. Each effect of a store waits for its turn (`turn`), so that
 * tests order runs and kill them anywhere.
 */
export class WorldState {
  readonly scheduler = new Scheduler();
  readonly activities: Activity[] = [];
  readonly events: ModelEvent[] = [];
  evidenceMissing = false;
  readonly sightings = new Map<string, Map<string, ModelSighting>>();
  readonly epochs = new Map<string, string>();
  readonly outbox = new Map<string, ModelMessage>();
  readonly units = new Map<string, CoverageRecord>();
  readonly attempts = new Map<string, Date>();
  readonly namedEpochs = new Map<string, string>();
  readonly detections = new Map<string, DetectionRecord>();
  readonly runs: RunRecord[] = [];
  readonly runStarts = new WeakMap<object, Date>();
  /** One entry a sighting that was announced, singly or as a member of a wave. */
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
  /** Where runs and relay passes log. Default: `log`. */
  logger: Logger = pino({ level: "debug" }, { write: (line: string) => void this.log.push(JSON.parse(line)) });
  packs: readonly Pack[] = [packOf([detection(LEVEL)])];
  settings: RunSettings = SETTINGS;
  /** True time, milliseconds since START. */
  now = 0;
  /** Milliseconds that the service's clock is ahead. */
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
  /** When the broker first took a message id. */
  readonly accepted = new Map<string, number>();
  #etag = 0;
  #id = 0;

  /** True time as a date. */
  date(ms: number = this.now): Date {
    return new Date(START.getTime() + ms);
  }

  /** Waits until the test lets the task take its next effect. */
  turn(task: string): Promise<void> {
    return this.scheduler.turn(task);
  }

  nextEtag(): string {
    return `e${++this.#etag}`;
  }

  nextId(): number {
    return ++this.#id;
  }

  /** The service's clock. Two machines' clocks never agree: those of tasks named `b-…` are ahead. */
  clock(task: string): Date {
    return this.date(this.now + this.skew + (task.startsWith("b-") ? 1500 : 0));
  }

  partition(partition: string): Map<string, ModelSighting> {
    const stored = this.sightings.get(partition) ?? new Map<string, ModelSighting>();
    this.sightings.set(partition, stored);
    return stored;
  }

  /** Puts a message into the outbox, as a transaction does. */
  enqueue(partition: string, message: OutboxMessage, createdAt: Date): void {
    this.outbox.set(outboxKey(partition, message, createdAt), { message, createdAt, partition });
  }
}

export const outboxKey = (partition: string, message: OutboxMessage, createdAt: Date): string =>
  `${createdAt.toISOString()}|${message.id}|${partition}`;
