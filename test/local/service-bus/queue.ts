import { randomUUID } from "node:crypto";
import type { Journal, JournalRecord } from "./journal.ts";
import { contentOf, encodeDelivery, messageIdOf, type MessageContent } from "./sections.ts";

/** A message as a test looks at it. */
export interface StoredMessage extends MessageContent {
  readonly sequenceNumber: number;
  readonly messageId: string | undefined;
  readonly enqueuedTime: Date;
  /** Deliveries that failed. */
  readonly deliveryCount: number;
  readonly deadLetterReason: string | undefined;
  readonly deadLetterErrorDescription: string | undefined;
}

export interface QueueRules {
  /** For how long an id is remembered from its first arrival; `undefined`: ids don't matter. */
  readonly duplicateWindowMs: number | undefined;
  readonly lockDurationMs: number;
  /** After as many failed deliveries a message goes to the dead-letter queue. */
  readonly maxDeliveryCount: number;
  now(): Date;
}

export type SubQueue = "active" | "dead";

export type Settlement =
  | { readonly kind: "complete" | "abandon" | "defer" | "release" }
  | { readonly kind: "dead-letter"; readonly reason?: string | undefined; readonly description?: string | undefined };

interface Entry {
  readonly sequenceNumber: number;
  readonly id: string | undefined;
  readonly encoded: Buffer;
  readonly at: number;
  failures: number;
  deferred: boolean;
  dead: { readonly reason: string | undefined; readonly description: string | undefined } | undefined;
}

interface Lock {
  readonly entry: Entry;
  until: number;
}

/** A message handed out under a lock. */
export interface Handed {
  /** A UUID. */
  readonly lockToken: string;
  readonly bytes: Buffer;
}

/**
 * One queue and its dead-letter queue: order, locks, de-duplication. What it tells others is in the journal already: a message
 * can be received, and a settlement is answered, when it is on disk.
 */
export class Queue {
  readonly name: string;
  /** Messages that were dropped because their id was known. */
  duplicates = 0;
  readonly #rules: QueueRules;
  readonly #entries = new Map<number, Entry>();
  readonly #ready: Record<SubQueue, Set<Entry>> = { active: new Set(), dead: new Set() };
  readonly #locks = new Map<string, Lock>();
  readonly #seen = new Map<string, number>();
  #journal: Journal | undefined;
  #next = 1;
  /** Something that came back stands behind what came later. */
  #disordered = false;
  #changed: () => void = () => undefined;

  constructor(name: string, rules: QueueRules) {
    this.name = name;
    this.#rules = rules;
  }

  /** From now on records go to `journal`, and `changed` is called when a message may have become ready. */
  start(journal: Journal, changed: () => void): void {
    this.#journal = journal;
    this.#changed = changed;
  }

  /** Takes in one record of the journal, in its order. */
  replay(record: JournalRecord): void {
    if (record.k === "put") {
      for (const { s, id, b } of record.m) {
        this.#admit(entryOf(s, id, Buffer.from(b, "base64"), record.at));
        if (id !== undefined && this.#rules.duplicateWindowMs !== undefined) this.#remember(id, record.at);
        this.#next = Math.max(this.#next, s + 1);
      }
      return;
    }
    if (record.k === "seen") return this.#remember(record.id, record.at);
    if (record.k === "next") {
      this.#next = Math.max(this.#next, record.s);
      return;
    }
    const entry = this.#entries.get(record.s);
    if (entry === undefined) return;
    this.#withdraw(entry);
    if (record.k === "delete") {
      this.#entries.delete(record.s);
      return;
    }
    if (record.k === "failures") entry.failures = record.n;
    if (record.k === "defer") entry.deferred = true;
    if (record.k === "dead") entry.dead = { reason: record.reason, description: record.description };
    this.#makeReady(entry);
    this.#disordered = true;
  }

  /** The records that make this queue, and no more. */
  *records(): Generator<JournalRecord> {
    const q = this.name;
    yield { k: "next", q, s: this.#next };
    this.#deleteOld();
    for (const [id, at] of this.#seen) yield { k: "seen", q, id, at };
    for (const entry of this.#entries.values()) {
      const { sequenceNumber: s, id, at, failures: n, dead } = entry;
      yield { k: "put", q, at, m: [{ s, id, b: entry.encoded.toString("base64") }] };
      if (n > 0) yield { k: "failures", q, s, n };
      if (entry.deferred) yield { k: "defer", q, s };
      if (dead !== undefined) yield { k: "dead", q, s, ...dead };
    }
  }

  /** Stores one transfer; resolves when it is on disk. A message whose id is known is dropped. @throws when bytes are no message */
  async put(encoded: readonly Buffer[]): Promise<void> {
    const at = this.#rules.now().getTime();
    const identified = encoded.map((bytes) => ({ bytes, id: messageIdOf(bytes) }));
    const fresh = identified.filter(({ id }) => this.#isFresh(id, at));
    this.duplicates += encoded.length - fresh.length;
    const entries = fresh.map(({ id, bytes }) => entryOf(this.#next++, id, bytes, at));
    const m = entries.map(({ sequenceNumber: s, id, encoded: bytes }) => ({ s, id, b: bytes.toString("base64") }));
    // A transfer of duplicates alone waits too: what it repeats may not be on disk yet.
    await this.#append(m.length === 0 ? [] : [{ k: "put", q: this.name, at, m }]);
    for (const entry of entries) this.#admit(entry);
    this.#changed();
  }

  /** Locks the next message that is ready, or takes it for good. */
  take(from: SubQueue, mode: "lock" | "delete"): Handed | undefined {
    this.#sortReady();
    const [entry] = this.#ready[from];
    if (entry === undefined) return undefined;
    this.#withdraw(entry);
    const lockToken = randomUUID();
    if (mode === "delete") {
      this.#entries.delete(entry.sequenceNumber);
      void this.#append([{ k: "delete", q: this.name, s: entry.sequenceNumber }]);
      return { lockToken, bytes: this.#encode(entry) };
    }
    const until = this.#rules.now().getTime() + this.#rules.lockDurationMs;
    this.#locks.set(lockToken, { entry, until });
    return { lockToken, bytes: this.#encode(entry, until) };
  }

  /** Resolves when the settlement is on disk: true, or false when the lock was lost. */
  async settle(lockToken: string, settlement: Settlement): Promise<boolean> {
    const entry = this.#heldLock(lockToken)?.entry;
    if (entry === undefined) return false;
    this.#locks.delete(lockToken);
    const s = entry.sequenceNumber;
    const q = this.name;
    switch (settlement.kind) {
      case "complete":
        await this.#append([{ k: "delete", q, s }]);
        this.#entries.delete(s);
        break;
      case "abandon":
        await this.#fail(entry);
        break;
      case "release":
        this.#unlock(entry);
        break;
      case "defer":
        await this.#append([{ k: "defer", q, s }]);
        entry.deferred = true;
        this.#unlock(entry);
        break;
      case "dead-letter":
        if (entry.dead === undefined) await this.#bury(entry, settlement.reason, settlement.description);
        else this.#unlock(entry);
        break;
    }
    return true;
  }

  /** When the lock ends now; absent when it was lost. */
  renew(lockToken: string): Date | undefined {
    const lock = this.#heldLock(lockToken);
    if (lock === undefined) return undefined;
    lock.until = this.#rules.now().getTime() + this.#rules.lockDurationMs;
    return new Date(lock.until);
  }

  /** A lock that has run out is a failed delivery. */
  expireLocks(): void {
    for (const token of this.#locks.keys()) this.#heldLock(token);
  }

  hasReady(from: SubQueue): boolean {
    return this.#ready[from].size > 0;
  }

  /** Encoded, from a sequence number on, locked and deferred ones too. */
  peek(from: SubQueue, sequenceNumber: number, count: number): Buffer[] {
    return this.#list(from)
      .filter((entry) => entry.sequenceNumber >= sequenceNumber)
      .slice(0, count)
      .map((entry) => this.#encode(entry));
  }

  messages(from: SubQueue): StoredMessage[] {
    return this.#list(from).map(storedMessage);
  }

  #list(from: SubQueue): Entry[] {
    return [...this.#entries.values()].filter(({ dead }) => (dead === undefined ? "active" : "dead") === from);
  }

  #encode(entry: Entry, until?: number): Buffer {
    return encodeDelivery(entry.encoded, {
      sequenceNumber: entry.sequenceNumber,
      enqueuedTime: new Date(entry.at),
      failures: entry.failures,
      deferred: entry.deferred,
      ...(until === undefined ? {} : { lockedUntil: new Date(until) }),
      ...(entry.dead === undefined ? {} : { deadLetter: { ...entry.dead, source: this.name } }),
    });
  }

  #append(records: readonly JournalRecord[]): Promise<void> {
    if (this.#journal === undefined) throw new Error(`queue ${this.name} was used before it was started`);
    return this.#journal.append(records);
  }

  #admit(entry: Entry): void {
    this.#entries.set(entry.sequenceNumber, entry);
    this.#makeReady(entry);
  }

  #withdraw(entry: Entry): void {
    this.#ready.active.delete(entry);
    this.#ready.dead.delete(entry);
  }

  #makeReady(entry: Entry): void {
    if (entry.deferred && entry.dead === undefined) return;
    const ready = this.#ready[entry.dead === undefined ? "active" : "dead"];
    ready.add(entry);
  }

  #heldLock(token: string): Lock | undefined {
    const lock = this.#locks.get(token);
    if (lock === undefined || lock.until > this.#rules.now().getTime()) return lock;
    this.#locks.delete(token);
    void this.#fail(lock.entry);
    return undefined;
  }

  #sortReady(): void {
    if (!this.#disordered) return;
    this.#disordered = false;
    for (const from of ["active", "dead"] as const) {
      this.#ready[from] = new Set([...this.#ready[from]].toSorted((a, b) => a.sequenceNumber - b.sequenceNumber));
    }
  }

  #unlock(entry: Entry): void {
    this.#makeReady(entry);
    this.#disordered = true;
    this.#changed();
  }

  async #fail(entry: Entry): Promise<void> {
    const n = entry.failures + 1;
    const failed: JournalRecord = { k: "failures", q: this.name, s: entry.sequenceNumber, n };
    entry.failures = n;
    await this.#append([failed]);
    if (n >= this.#rules.maxDeliveryCount && entry.dead === undefined) {
      await this.#bury(
        entry,
        "MaxDeliveryCountExceeded",
        `Message could not be consumed after ${this.#rules.maxDeliveryCount} delivery attempts.`,
      );
      return;
    }
    this.#unlock(entry);
  }

  async #bury(entry: Entry, reason: string | undefined, description: string | undefined): Promise<void> {
    await this.#append([{ k: "dead", q: this.name, s: entry.sequenceNumber, reason, description }]);
    entry.dead = { reason, description };
    entry.deferred = false;
    this.#unlock(entry);
  }

  /** Remembers a new id at once: the same id may arrive again before this one is on disk. */
  #isFresh(id: string | undefined, at: number): boolean {
    const window = this.#rules.duplicateWindowMs;
    if (id === undefined || window === undefined) return true;
    const first = this.#seen.get(id);
    if (first !== undefined && at - first < window) return false;
    this.#remember(id, at);
    return true;
  }

  #remember(id: string, at: number): void {
    // In a compacted journal the history comes before messages, some of them older.
    this.#seen.set(id, Math.max(at, this.#seen.get(id) ?? at));
  }

  #deleteOld(): void {
    const oldest = this.#rules.now().getTime() - (this.#rules.duplicateWindowMs ?? 0);
    for (const [id, at] of this.#seen) if (at <= oldest) this.#seen.delete(id);
  }
}

function entryOf(sequenceNumber: number, id: string | undefined, encoded: Buffer, at: number): Entry {
  return { sequenceNumber, id, encoded, at, failures: 0, deferred: false, dead: undefined };
}

function storedMessage(entry: Entry): StoredMessage {
  return {
    ...contentOf(entry.encoded),
    sequenceNumber: entry.sequenceNumber,
    messageId: entry.id,
    enqueuedTime: new Date(entry.at),
    deliveryCount: entry.failures,
    deadLetterReason: entry.dead?.reason,
    deadLetterErrorDescription: entry.dead?.description,
  };
}
