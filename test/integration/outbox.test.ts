import { createHash } from "node:crypto";
import type { TableClient } from "@azure/data-tables";
import { TableClient as Client } from "@azure/data-tables";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { credentialFor } from "../../shared/azure/credential.ts";
import { fromOutboxEntity, toOutboxEntity } from "../../shared/azure/outbox-entity.ts";
import { outboxTable } from "../../shared/azure/outbox-table.ts";
import { openQueue } from "../../shared/azure/sightings-queue.ts";
import type { OutboxMessage } from "../../shared/core/sighting.ts";
import { StateError, StateNewerError } from "../../shared/errors.ts";
import type { RelayOptions, RelayResult } from "../../shared/outbox/relay.ts";
import { relay } from "../../shared/outbox/relay.ts";
import type { FaultProxy } from "../local/fault-proxy.ts";
import { openFaultProxy } from "../local/fault-proxy.ts";
import type { Broker } from "../local/service-bus/broker.ts";
import { startBroker } from "../local/service-bus/broker.ts";
import type { Tables } from "../local/tables.ts";
import { startTables } from "../local/tables.ts";

const COMMITTED = Date.UTC(2026, 2, 1, 12);
const NOW = new Date(COMMITTED + 3_600_000);
const PATIENCE = { maxRetries: 1, retryDelayInMs: 5, maxRetryDelayInMs: 10, timeoutInMs: 2_000 };

let tables: Tables;
let proxy: FaultProxy;
let broker: Broker;
let table: TableClient;
let made = 0;

beforeAll(async () => {
  tables = await startTables({});
  proxy = await openFaultProxy(tables.port);
});
afterAll(async () => {
  await proxy.close();
  await tables.stop();
});
beforeEach(async () => {
  broker = await startBroker();
  proxy.before = () => "pass";
  proxy.reset();
  made += 1;
  await tables.createTables([`Sightings${made}`]);
  table = Client.fromConnectionString(proxy.through(tables.connectionString), `Sightings${made}`, {
    allowInsecureConnection: true,
    retryOptions: { retryDelayInMs: 1 },
  });
});
afterEach(() => broker.close());

/** The n-th message, committed n seconds after the first; its id decides its partition, as a device's does. */
function messageOf(n: number): OutboxMessage {
  const id = createHash("sha256").update(String(n)).digest("hex");
  return {
    id,
    type: "firstsight.sighting.new.v1",
    contentType: "application/cloudevents+json; charset=utf-8",
    body: new TextEncoder().encode(JSON.stringify({ n, text: "ü\u0000" })),
    properties: { tool: "level", n: String(n) },
  };
}

/** Puts messages of these numbers into the outbox. */
async function commit(numbers: readonly number[], partitionOf = (id: string) => id.charAt(0)): Promise<void> {
  const rows = numbers.map((n) => {
    const message = messageOf(n);
    return toOutboxEntity(partitionOf(message.id), message, new Date(COMMITTED + n * 1000));
  });
  for (const inOne of Map.groupBy(rows, ({ partitionKey }) => partitionKey).values()) {
    for (let i = 0; i < inOne.length; i += 100)
      await table.submitTransaction(inOne.slice(i, i + 100).map((row) => ["create", row]));
  }
  proxy.reset();
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

async function pass(
  change: Partial<RelayOptions> = {},
): Promise<RelayResult & { readonly log: Record<string, unknown>[] }> {
  const log: Record<string, unknown>[] = [];
  const result = await relay({
    outbox: outboxTable(table),
    queue: () =>
      openQueue({
        address: { kind: "loopback", connectionString: broker.connectionString },
        queue: "sightings",
        credential: credentialFor({ kind: "developer" }, "http://127.0.0.1"),
        retry: PATIENCE,
      }),
    log: pino({ base: null }, { write: (line: string) => void log.push(JSON.parse(line)) }),
    limit: 2_000,
    budgetMs: 60_000,
    now: () => NOW,
    ...change,
  });
  return { ...result, log };
}

/** The numbers on the queue, as they arrived. */
const arrived = (): number[] =>
  broker.messages("sightings").map(({ applicationProperties }) => Number(applicationProperties["n"]));

async function rowKeys(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { rowKey } of table.listEntities({ queryOptions: { select: ["RowKey"] } }))
    keys.push(String(rowKey));
  return keys;
}

const numerically = (a: number, b: number): number => a - b;

test("a message – on the queue byte for byte as it was committed, and gone from the outbox", async () => {
  await commit([1]);
  expect(await pass()).toEqual({ sent: 1, refused: 0, depth: 0, oldestSeconds: 0, log: [] });
  const { id, body, contentType, properties } = messageOf(1);
  expect(broker.messages("sightings")).toMatchObject([
    { messageId: id, contentType, applicationProperties: properties, body: Buffer.from(body) },
  ]);
  expect(await rowKeys()).toEqual([]);
});

test("an empty outbox – 18 reads, 2 writes", async () => {
  expect(await pass()).toEqual({ sent: 0, refused: 0, depth: 0, oldestSeconds: 0, log: [] });
  const kinds = proxy.seen.map(({ kind }) => kind);
  expect({ reads: kinds.filter((kind) => kind === "read").length, all: kinds.length }).toEqual({ reads: 18, all: 20 });
});

test("many partitions – oldest first over all of them, up to the limit, the next pass goes on", async () => {
  await commit(range(0, 700));
  expect(await pass({ limit: 450 })).toMatchObject({ sent: 450, refused: 0, depth: 250, oldestSeconds: 3_600 - 450 });
  expect(arrived().toSorted(numerically)).toEqual(range(0, 450));
  expect(await pass()).toMatchObject({ sent: 250, depth: 0 });
  expect(arrived().toSorted(numerically)).toEqual(range(0, 700));
});

test("a wave – before what is older", async () => {
  await commit([0, 1]);
  await commit([7], () => "wave");
  await pass({ limit: 1 });
  expect(arrived()).toEqual([7]);
});

test("R15 a poison message at the head of 3,000 – the limit is filled by the others", async () => {
  const poison = messageOf(0).id;
  await commit(range(0, 3_000));
  broker.hooks = {
    onSend: (messages) =>
      messages.some(({ messageId }) => messageId === poison) ? { reject: "amqp:resource-limit-exceeded" } : "accept",
  };
  const result = await pass();
  expect(result).toMatchObject({ sent: 2_000, refused: 1, depth: 1_000, oldestSeconds: 3_600 });
  expect(result.log).toMatchObject([{ event: "message.refused", messageId: poison }]);
  expect(arrived().toSorted(numerically)).toEqual(range(1, 2_001));
  expect(await pass()).toMatchObject({ sent: 999, refused: 1, depth: 1 });
  broker.hooks = {};
  expect(await pass()).toMatchObject({ sent: 1, refused: 0, depth: 0 });
});

test("R17 deletes are refused – the pass fails before anything is sent", async () => {
  await commit(range(0, 3));
  proxy.before = ({ method }) =>
    method === "DELETE" ? { status: 403, code: "AuthorizationPermissionMismatch" } : "pass";
  const result = await pass();
  expect(result).toMatchObject({ sent: 0, depth: 3, failed: { kind: "state" } });
  expect(result.failed?.message).toContain("Storage Table Data Contributor");
  expect(arrived()).toEqual([]);
  proxy.before = () => "pass";
  expect(await pass()).toMatchObject({ sent: 3, depth: 0 });
  expect(await rowKeys()).toEqual([]);
});

test("deletes fail once the sending has begun – the pass fails; the next sends the same ids, which the queue knows", async () => {
  await commit(range(0, 3));
  proxy.before = ({ kind }) =>
    kind === "transaction" ? { status: 403, code: "AuthorizationPermissionMismatch" } : "pass";
  expect(await pass()).toMatchObject({ sent: 3, depth: 3, failed: { kind: "state" } });
  proxy.before = () => "pass";
  expect(await pass()).toMatchObject({ sent: 3, depth: 0 });
  expect(arrived()).toEqual([0, 1, 2]);
});

test("two passes at once – each message there once, none left, none fails", async () => {
  await commit(range(0, 800));
  const both = await Promise.all([pass(), pass()]);
  expect(both.map(({ failed }) => failed)).toEqual([undefined, undefined]);
  expect(arrived().toSorted(numerically)).toEqual(range(0, 800));
  expect(await rowKeys()).toEqual([]);
});

test("another pass has deleted some – the others of the transaction go too", async () => {
  await commit([1, 2, 3], () => "a");
  const keys = await rowKeys();
  await table.deleteEntity("a", keys[1] ?? "");
  await outboxTable(table).remove("a", keys);
  expect(await rowKeys()).toEqual([]);
});

test("the broker falls silent in the middle – what it took is deleted, the rest waits", async () => {
  await commit(range(0, 3_000));
  let taken = 0;
  broker.hooks = {
    onSend: () => {
      taken += 1;
      return taken === 1 ? "accept" : "silent";
    },
  };
  const result = await pass({
    limit: 3_000,
    queue: () =>
      openQueue({
        address: { kind: "loopback", connectionString: broker.connectionString },
        queue: "sightings",
        credential: credentialFor({ kind: "developer" }, "http://127.0.0.1"),
        // Long enough for the first batch on a machine with much else to do.
        retry: { ...PATIENCE, timeoutInMs: 4_000 },
      }),
  });
  expect(result.failed?.kind).toBe("ambiguous");
  expect(result.sent).toBeGreaterThan(0);
  expect(result).toMatchObject({ refused: 0, depth: 3_000 - result.sent });
  expect(arrived()).toHaveLength(result.sent);
});

test("rows that were changed by hand – said, kept, the others are sent", async () => {
  await commit([1, 2, 3, 4], () => "b");
  const [first, second, third] = await rowKeys();
  await table.updateEntity({ partitionKey: "b", rowKey: first ?? "", body: "no longer binary" }, "Merge");
  await table.updateEntity({ partitionKey: "b", rowKey: second ?? "", properties: "[1]" }, "Merge");
  await table.updateEntity({ partitionKey: "b", rowKey: third ?? "", contentType: "" }, "Merge");
  const result = await pass();
  expect(result).toMatchObject({ sent: 1, depth: 3, oldestSeconds: 3_599 });
  expect(result.log.map(({ event, key }) => ({ event, key }))).toEqual(
    [first, second, third].map((key) => ({ event: "outbox.malformed", key })),
  );
  expect(await rowKeys()).toEqual([first, second, third]);
});

test("a row of a newer version – nothing is sent", async () => {
  await commit([1, 2], () => "c");
  const [, second] = await rowKeys();
  await table.updateEntity({ partitionKey: "c", rowKey: second ?? "", schemaVersion: 2 }, "Merge");
  expect(await pass()).toMatchObject({ sent: 0, failed: { kind: "state-newer" } });
  expect(arrived()).toEqual([]);
});

test("the state can't be read – the pass says so", async () => {
  proxy.before = () => ({ status: 403, code: "AuthorizationPermissionMismatch" });
  expect(await pass()).toMatchObject({ sent: 0, depth: 0, failed: { kind: "state" } });
  await expect(outboxTable(table).read(["a"]).next()).rejects.toThrow(StateError);
});

test("continuation over an empty page – read to the end", async () => {
  await commit([1, 2, 3], () => "d");
  const listed = table.listEntities({ queryOptions: { filter: "PartitionKey eq 'd'" } });
  const pages = async function* () {
    yield [];
    for await (const entity of table.listEntities()) yield [entity];
    yield [];
  };
  // As the service does when it looks for long: a token, and no row.
  const paged = Object.assign(listed, {
    byPage: async function* ({ continuationToken }: { readonly continuationToken?: string }) {
      if (continuationToken === undefined) yield Object.assign([], { continuationToken: "further" });
      else yield* pages();
    },
  });
  // The pages stand in for the SDK's own iterator, of which only `byPage` is used.
  const outbox = outboxTable(
    Object.assign(Object.create(table) as TableClient, { listEntities: () => paged as never }),
  );
  const items = outbox.read(["d"]);
  const numbers: unknown[] = [];
  for (let next = await items.next(); next.done !== true; next = await items.next())
    numbers.push(next.value.kind === "message" && next.value.message.properties["n"]);
  expect(numbers).toEqual(["1", "2", "3"]);
});

test("an entity – read back as the message it was made of", () => {
  const entity = toOutboxEntity("a", messageOf(5), new Date(COMMITTED));
  expect(entity.rowKey).toBe(`outbox|2026-03-01T12:00:00.000Z|${messageOf(5).id}`);
  expect(fromOutboxEntity(entity)).toEqual({
    kind: "message",
    partition: "a",
    key: entity.rowKey,
    message: messageOf(5),
  });
  expect(() => fromOutboxEntity({ ...entity, schemaVersion: 2 })).toThrow(StateNewerError);
  expect(fromOutboxEntity({ ...entity, rowKey: "outbox|2026-03-01T12:00:00.000Z|" })).toMatchObject({
    kind: "malformed",
  });
});
