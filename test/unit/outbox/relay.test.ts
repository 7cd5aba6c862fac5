import { pino } from "pino";
import { expect, test } from "vitest";
import type { Outbox, OutboxEntry, OutboxItem } from "../../../shared/core/outbox.ts";
import type { Outcomes, Queue } from "../../../shared/core/queue.ts";
import type { OutboxMessage } from "../../../shared/core/sighting.ts";
import { PublishError, StateError, StateNewerError } from "../../../shared/errors.ts";
import type { RelayOptions } from "../../../shared/outbox/relay.ts";
import { relay } from "../../../shared/outbox/relay.ts";

const COMMITTED = Date.UTC(2026, 2, 1, 12);
const NOW = new Date(COMMITTED + 90_000);

/** Messages `from` to `from + count`, one a second, over all sixteen partitions. */
const entries = (count: number, from = 0): OutboxEntry[] =>
  Array.from({ length: count }, (_, i) => entry(`m${String(from + i).padStart(5, "0")}`, (from + i) % 16));

function entry(id: string, partition: number): OutboxEntry {
  const createdAt = new Date(COMMITTED + Number(id.slice(1))).toISOString();
  return {
    kind: "message",
    partition: partition.toString(16),
    key: `outbox|${createdAt}|${id}`,
    message: messageOf(id),
  };
}

const messageOf = (id: string): OutboxMessage => ({
  id,
  type: "firstsight.sighting.new.v1",
  contentType: "application/cloudevents+json; charset=utf-8",
  body: new TextEncoder().encode(id),
  properties: {},
});

/** An outbox in memory that notes what is done to it. */
class MemoryOutbox implements Outbox {
  readonly calls: string[] = [];
  items: OutboxItem[];
  failing: { prove?: Error; survey?: Error; remove?: (keys: readonly string[]) => boolean; read?: Error } = {};
  mostInOneRemoval = 0;
  constructor(items: OutboxItem[]) {
    this.items = items;
  }
  async survey() {
    this.calls.push("survey");
    if (this.failing.survey) throw this.failing.survey;
    const [oldest] = this.items;
    return {
      depth: this.items.length,
      ...(oldest && { oldest: new Date(oldest.key.split("|")[1] ?? "") }),
      partitions: [...new Set(this.items.map(({ partition }) => partition))],
    };
  }
  async prove() {
    this.calls.push("prove");
    if (this.failing.prove) throw this.failing.prove;
  }
  async *read(): AsyncGenerator<OutboxItem, undefined, undefined> {
    this.calls.push("read");
    for (const item of this.items) yield item;
    if (this.failing.read) throw this.failing.read;
    return undefined;
  }
  async remove(partition: string, keys: readonly string[]) {
    this.mostInOneRemoval = Math.max(this.mostInOneRemoval, keys.length);
    this.calls.push(`remove ${keys.length}`);
    if (this.failing.remove?.(keys)) throw new StateError("deletes are refused");
    this.items = this.items.filter((item) => item.partition !== partition || !keys.includes(item.key));
  }
}

/** A queue that takes ten at once, but for what `verdict` says. */
class MemoryQueue implements Queue {
  readonly accepted: string[] = [];
  closed = false;
  verdict: (id: string) => PublishError | undefined;
  constructor(verdict: (id: string) => PublishError | undefined = () => undefined) {
    this.verdict = verdict;
  }
  async sendAll<T extends { readonly message: OutboxMessage }>(source: AsyncIterable<T>, outcomes: Outcomes<T>) {
    for await (const one of source) {
      const error = this.verdict(one.message.id);
      if (error && error.kind !== "refused") throw error;
      if (error) outcomes.refused(one, error);
      else {
        this.accepted.push(one.message.id);
        outcomes.accepted([one]);
      }
    }
  }
  async close() {
    this.closed = true;
  }
}

function pass(outbox: Outbox, queue: MemoryQueue, change: Partial<RelayOptions> = {}) {
  const log: Record<string, unknown>[] = [];
  const logger = pino(
    { base: null, formatters: { level: (level) => ({ level }) } },
    { write: (line: string) => void log.push(JSON.parse(line)) },
  );
  let opened = 0;
  const result = relay({
    outbox,
    queue: async () => {
      opened += 1;
      return queue;
    },
    log: logger,
    limit: 2000,
    budgetMs: 60_000,
    now: () => NOW,
    ...change,
  });
  return { result, log, opened: () => opened };
}

const refused = (...ids: readonly string[]) => {
  const all = new Set(ids);
  return (id: string): PublishError | undefined =>
    all.has(id) ? new PublishError("refused", `${id} is too large`) : undefined;
};

test("an empty outbox – the state is proved, the queue is never opened", async () => {
  const outbox = new MemoryOutbox([]);
  const { result, opened } = pass(outbox, new MemoryQueue());
  expect(await result).toEqual({ sent: 0, refused: 0, depth: 0, oldestSeconds: 0 });
  expect(outbox.calls).toEqual(["survey", "prove"]);
  expect(opened()).toBe(0);
});

test("all goes well – oldest first, all deleted, the queue closed", async () => {
  const outbox = new MemoryOutbox(entries(1_700));
  const queue = new MemoryQueue();
  expect(await pass(outbox, queue).result).toEqual({ sent: 1_700, refused: 0, depth: 0, oldestSeconds: 0 });
  expect(queue.accepted).toEqual(entries(1_700).map(({ message }) => message.id));
  expect(outbox.items).toEqual([]);
  expect(outbox.mostInOneRemoval).toBeLessThanOrEqual(100);
  expect(queue.closed).toBe(true);
});

test("the limit – so many are accepted, the rest stays and is counted", async () => {
  const outbox = new MemoryOutbox(entries(30));
  const queue = new MemoryQueue();
  expect(await pass(outbox, queue, { limit: 10 }).result).toEqual({
    sent: 10,
    refused: 0,
    depth: 20,
    oldestSeconds: 90,
  });
  expect(outbox.items).toEqual(entries(20, 10));
});

test("R15 refused messages at the head – they use none of the limit, and are said by id", async () => {
  const outbox = new MemoryOutbox(entries(30));
  const queue = new MemoryQueue(refused("m00000", "m00001", "m00002", "m00011"));
  const { result, log } = pass(outbox, queue, { limit: 10 });
  expect(await result).toEqual({ sent: 10, refused: 4, depth: 20, oldestSeconds: 90 });
  expect(outbox.items.map(({ key }) => key.split("|")[2]).slice(0, 5)).toEqual([
    "m00000",
    "m00001",
    "m00002",
    "m00011",
    "m00014",
  ]);
  expect(log.map(({ level, event, messageId }) => ({ level, event, messageId }))).toEqual(
    ["m00000", "m00001", "m00002", "m00011"].map((messageId) => ({
      level: "error",
      event: "message.refused",
      messageId,
    })),
  );
});

test("everything is refused – the pass ends with the outbox", async () => {
  const outbox = new MemoryOutbox(entries(30));
  const queue = new MemoryQueue(() => new PublishError("refused", "too large"));
  expect(await pass(outbox, queue, { limit: 10 }).result).toEqual({
    sent: 0,
    refused: 30,
    depth: 30,
    oldestSeconds: 90,
  });
});

test("R17 the proof fails – nothing is sent, however full the outbox", async () => {
  const outbox = new MemoryOutbox(entries(3));
  outbox.failing = { prove: new StateError("deletes are refused") };
  const queue = new MemoryQueue();
  const { result, log, opened } = pass(outbox, queue);
  expect(await result).toEqual({
    sent: 0,
    refused: 0,
    depth: 3,
    oldestSeconds: 90,
    failed: { kind: "state", message: "deletes are refused" },
  });
  expect(opened()).toBe(0);
  expect(log).toMatchObject([{ level: "error", event: "relay.failed", kind: "state" }]);
});

test("R17 deletes begin to fail while it sends – the sending stops soon, what can be deleted is", async () => {
  const outbox = new MemoryOutbox(entries(9_000));
  outbox.failing = { remove: (keys) => keys.some((key) => key.endsWith("m00000")) };
  const queue = new MemoryQueue();
  const result = await pass(outbox, queue, { limit: 9_000 }).result;
  expect(result.failed).toEqual({ kind: "state", message: "deletes are refused" });
  expect(queue.accepted.length).toBeLessThan(3_000);
  expect(result.sent).toBe(queue.accepted.length);
  expect(result.depth).toBe(outbox.items.length);
  // The partition of the message that can't be deleted keeps one transaction; the others are clean.
  const accepted = new Set(queue.accepted);
  const left = outbox.items.filter(({ key }) => accepted.has(key.split("|")[2] ?? ""));
  expect(left.length).toBeGreaterThan(0);
  expect(left.length).toBeLessThanOrEqual(100);
});

test.each(["ambiguous", "unavailable"] as const)(
  "the queue is %s in the middle – what it took before is deleted, the rest stays",
  async (kind) => {
    const outbox = new MemoryOutbox(entries(8));
    const queue = new MemoryQueue((id) => (id === "m00003" ? new PublishError(kind, "no answer") : undefined));
    const { result, log } = pass(outbox, queue);
    expect(await result).toEqual({
      sent: 3,
      refused: 0,
      depth: 5,
      oldestSeconds: 90,
      failed: { kind, message: "no answer" },
    });
    expect(outbox.items).toEqual(entries(5, 3));
    expect(queue.closed).toBe(true);
    expect(log).toMatchObject([{ event: "relay.failed", kind }]);
  },
);

test("the outbox can't be read to its end – what was sent is deleted", async () => {
  const outbox = new MemoryOutbox(entries(4));
  outbox.failing = { read: new StateError("the outbox could not be read") };
  const queue = new MemoryQueue();
  expect(await pass(outbox, queue).result).toEqual({
    sent: 4,
    refused: 0,
    depth: 0,
    oldestSeconds: 0,
    failed: { kind: "state", message: "the outbox could not be read" },
  });
  expect(outbox.items).toEqual([]);
});

test("a row of a newer version – nothing is proved, nothing sent", async () => {
  const outbox = new MemoryOutbox(entries(4));
  outbox.failing = { survey: new StateNewerError("deploy the newer version again") };
  const queue = new MemoryQueue();
  expect(await pass(outbox, queue).result).toMatchObject({ sent: 0, failed: { kind: "state-newer" } });
  expect(outbox.calls).toEqual(["survey"]);
});

test("a malformed row – said, passed over, kept; the others go on", async () => {
  const bad: OutboxItem = {
    kind: "malformed",
    partition: "3",
    key: "outbox|2026-03-01T12:00:00.000Z|bad",
    reason: "body is not binary",
  };
  const outbox = new MemoryOutbox([bad, ...entries(3)]);
  const queue = new MemoryQueue();
  const { result, log } = pass(outbox, queue);
  expect(await result).toEqual({ sent: 3, refused: 0, depth: 1, oldestSeconds: 90 });
  expect(outbox.items).toEqual([bad]);
  expect(log).toMatchObject([
    { level: "error", event: "outbox.malformed", key: bad.key, reason: "body is not binary" },
  ]);
});

test("the time is up – no further message is taken, no failure", async () => {
  const outbox = new MemoryOutbox(entries(3));
  const queue = new MemoryQueue();
  expect(await pass(outbox, queue, { budgetMs: -1 }).result).toEqual({
    sent: 0,
    refused: 0,
    depth: 3,
    oldestSeconds: 90,
  });
  expect(queue.closed).toBe(true);
});

test("a fault of the program – not taken for one that the next pass mends", async () => {
  const outbox = new MemoryOutbox(entries(3));
  outbox.failing = { read: new TypeError("undefined is not a function") };
  await expect(pass(outbox, new MemoryQueue()).result).rejects.toThrow(TypeError);
});
