import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { credentialFor } from "../../shared/azure/credential.ts";
import type { SendRetryOptions } from "../../shared/azure/sightings-queue.ts";
import { openQueue } from "../../shared/azure/sightings-queue.ts";
import type { Queue } from "../../shared/core/queue.ts";
import type { OutboxMessage } from "../../shared/core/sighting.ts";
import { PublishError } from "../../shared/errors.ts";
import type { Broker, BrokerOptions } from "../local/service-bus/broker.ts";
import { startBroker } from "../local/service-bus/broker.ts";
import type { BrokerHooks, SendDecision } from "../local/service-bus/hooks.ts";

/** Retries as the service has them, without the waits. */
const PATIENCE: SendRetryOptions = { maxRetries: 1, retryDelayInMs: 5, maxRetryDelayInMs: 10, timeoutInMs: 500 };

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).toReversed()) await one.close();
});

async function start(options: BrokerOptions = {}): Promise<{ readonly broker: Broker; readonly queue: Queue }> {
  const broker = await startBroker(options);
  open.push(broker);
  return { broker, queue: await queueAt(broker.connectionString) };
}

async function queueAt(connectionString: string): Promise<Queue> {
  const queue = await openQueue({
    address: { kind: "loopback", connectionString },
    queue: "sightings",
    credential: credentialFor({ kind: "developer" }, "http://127.0.0.1"),
    retry: PATIENCE,
  });
  open.push(queue);
  return queue;
}

const messageOf = (id: string, bytes = 1_000): OutboxMessage => ({
  id,
  type: "firstsight.sighting.new.v1",
  contentType: "application/cloudevents+json; charset=utf-8",
  body: new Uint8Array(bytes).fill(0x78),
  properties: { tool: "level", severity: "medium" },
});

const numbered = (count: number): OutboxMessage[] =>
  Array.from({ length: count }, (_, i) => messageOf(`m${String(i).padStart(4, "0")}`));

interface Sent {
  readonly accepted: readonly string[];
  readonly refused: readonly string[];
  readonly failed?: string;
  readonly message?: string;
}

/** What became of each message, as the caller was told. */
async function send(queue: Queue, messages: readonly OutboxMessage[]): Promise<Sent> {
  const accepted: string[] = [];
  const refused: string[] = [];
  const source = async function* (): AsyncGenerator<{ message: OutboxMessage }> {
    for (const message of messages) yield { message };
  };
  try {
    await queue.sendAll(source(), {
      accepted: (entries) => void accepted.push(...entries.map(({ message }) => message.id)),
      refused: ({ message }, error) => void refused.push(`${message.id}: ${error.kind}`),
    });
    return { accepted: accepted.toSorted(), refused };
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    return { accepted: accepted.toSorted(), refused, failed: error.kind, message: error.message };
  }
}

const stored = (broker: Broker): string[] =>
  broker
    .messages("sightings")
    .map(({ messageId }) => String(messageId))
    .toSorted();

test("a message – its bytes, id, type and properties arrive as they are", async () => {
  const { broker, queue } = await start();
  // A view into something larger: its neighbours' bytes must stay at home.
  const body = new TextEncoder().encode('xx{"a":"ü"}xx').subarray(2, -2);
  await send(queue, [{ ...messageOf("a"), body }]);
  expect(broker.messages("sightings")).toMatchObject([
    {
      messageId: "a",
      subject: "firstsight.sighting.new.v1",
      contentType: "application/cloudevents+json; charset=utf-8",
      applicationProperties: { tool: "level", severity: "medium" },
      body: Buffer.from('{"a":"ü"}'),
    },
  ]);
});

test("many messages – in batches as full as the link allows", async () => {
  const batches: number[] = [];
  const { broker, queue } = await start({
    hooks: {
      onSend: (messages) => {
        batches.push(messages.length);
        return "accept";
      },
    },
  });
  const messages = numbered(1_000);
  expect((await send(queue, messages)).accepted).toHaveLength(1_000);
  expect(stored(broker)).toHaveLength(1_000);
  // 262,144 bytes hold about 220 of these.
  expect(batches.length).toBe(5);
});

test("many tiny messages – never more in a batch than the service takes", async () => {
  // So wide in bytes that only the number bounds it.
  const batches: number[] = [];
  const { queue } = await start({
    maxMessageBytes: 4_000_000,
    maxBatchBytes: 4_000_000,
    hooks: {
      onSend: (messages) => {
        batches.push(messages.length);
        return "accept";
      },
    },
  });
  const tiny = Array.from({ length: 4_600 }, (_, i) => ({
    ...messageOf(`t${i}`, 1),
    contentType: "a",
    type: "b",
    properties: {},
  }));
  expect((await send(queue, tiny)).accepted).toHaveLength(4_600);
  expect(batches).toEqual([4_500, 100]);
});

test.each([
  ["amqp:resource-limit-exceeded", "quota"],
  ["amqp:link:message-size-exceeded", "size"],
  ["com.microsoft:argument-error", "what the SDK has no name for"],
  ["amqp:internal-error", "an error that it retries first"],
])("%s for three of 500 (%s) – these are refused alone, the others arrive once", async (condition) => {
  const bad = ["m0000", "m0217", "m0218"];
  const { broker, queue } = await start({
    duplicateDetection: false,
    hooks: {
      onSend: (messages): SendDecision =>
        messages.some(({ messageId }) => bad.includes(messageId ?? "")) ? { reject: condition } : "accept",
    },
  });
  const result = await send(queue, numbered(500));
  expect(result.failed).toBeUndefined();
  expect(result.refused.toSorted()).toEqual(bad.map((id) => `${id}: refused`));
  expect(result.accepted).toHaveLength(497);
  expect(stored(broker)).toEqual(result.accepted);
});

test("R15 – as many refused messages at the head as a pass may accept do not starve those behind them", async () => {
  const bad = new Set(numbered(2_000).map(({ id }) => id));
  const { queue } = await start({
    hooks: {
      onSend: (messages) =>
        messages.some(({ messageId }) => bad.has(messageId ?? ""))
          ? { reject: "amqp:resource-limit-exceeded" }
          : "accept",
    },
  });
  const result = await send(queue, numbered(2_010));
  expect(result.failed).toBeUndefined();
  expect(result.refused).toHaveLength(2_000);
  expect(result.accepted).toHaveLength(10);
});

test("the queue is full – given up after a bounded number of refusals", async () => {
  let sends = 0;
  const { broker, queue } = await start({
    hooks: {
      onSend: () => {
        sends += 1;
        return { reject: "amqp:resource-limit-exceeded" };
      },
    },
  });
  const result = await send(queue, numbered(4_000));
  expect(result).toMatchObject({ accepted: [], failed: "unavailable" });
  expect(result.message).toContain("the queue refuses everything");
  expect(sends).toBeLessThanOrEqual(5_004);
  expect(stored(broker)).toEqual([]);
});

test("larger than the link takes – refused before it is sent", async () => {
  const { broker, queue } = await start({ maxMessageBytes: 10_000, maxBatchBytes: 10_000 });
  const result = await send(queue, [messageOf("a"), messageOf("big", 20_000), messageOf("b")]);
  expect(result).toEqual({ accepted: ["a", "b"], refused: ["big: refused"] });
  expect(stored(broker)).toEqual(["a", "b"]);
});

test.each<[string, BrokerHooks, string, string]>([
  ["the queue is missing", { entityMissing: true }, "unavailable", "SERVICE_BUS_QUEUE"],
  [
    "the queue is disabled",
    { onSend: () => ({ reject: "com.microsoft:entity-disabled" }) },
    "unavailable",
    "MessagingEntityDisabled",
  ],
  [
    "no right to send",
    { onSend: () => ({ reject: "amqp:unauthorized-access" }) },
    "unavailable",
    "Azure Service Bus Data Sender",
  ],
  ["the server is busy", { onSend: () => ({ reject: "com.microsoft:server-busy" }) }, "ambiguous", "ServiceBusy"],
  ["the server times out", { onSend: () => ({ reject: "com.microsoft:timeout" }) }, "ambiguous", "ServiceTimeout"],
  ["nothing is answered", { onSend: () => "silent" }, "ambiguous", "ServiceTimeout"],
  ["stored, never answered", { onSend: () => "store-silent" }, "ambiguous", "ServiceTimeout"],
  ["dropped every time", { onSend: () => "drop" }, "ambiguous", "ServiceTimeout"],
  ["connections are cut at once", { refuseConnections: true }, "ambiguous", "Failed to connect"],
])("%s – the sending ends, and is well again afterwards", async (_name, hooks, failed, says) => {
  const { broker, queue } = await start({ hooks });
  const result = await send(queue, [messageOf("a")]);
  expect(result).toMatchObject({ accepted: [], refused: [], failed });
  expect(result.message).toContain(says);
  broker.hooks = {};
  expect(await send(queue, [messageOf("a")])).toEqual({ accepted: ["a"], refused: [] });
  expect(stored(broker)).toEqual(["a"]);
});

test.each<SendDecision>(["store-then-drop", "drop", "detach", "silent", "store-silent"])(
  "%s once – sent again under the same id, there once",
  async (decision) => {
    const decisions: SendDecision[] = [decision];
    const { broker, queue } = await start({ hooks: { onSend: () => decisions.shift() ?? "accept" } });
    expect(await send(queue, [messageOf("a"), messageOf("b")])).toEqual({ accepted: ["a", "b"], refused: [] });
    expect(stored(broker)).toEqual(["a", "b"]);
  },
);

test("connections are cut once – tried again, where the SDK alone would give up", async () => {
  let connections = 0;
  const hooks: BrokerHooks = {
    get refuseConnections() {
      connections += 1;
      return connections === 1;
    },
  };
  const { broker, queue } = await start({ hooks });
  expect(await send(queue, [messageOf("a")])).toEqual({ accepted: ["a"], refused: [] });
  expect(connections).toBeGreaterThan(1);
  expect(stored(broker)).toEqual(["a"]);
});

test("nobody listens – ambiguous after bounded tries, no exception", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((ready) => server.once("listening", ready));
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  const queue = await queueAt(
    `Endpoint=sb://localhost:${port};SharedAccessKeyName=x;SharedAccessKey=y;UseDevelopmentEmulator=true;`,
  );
  expect(await send(queue, [messageOf("a")])).toMatchObject({ accepted: [], refused: [], failed: "ambiguous" });
});

test("a failure while others are in flight – those are waited for and told", async () => {
  const proxy = Promise.withResolvers<SendDecision>();
  let transfers = 0;
  const { broker, queue } = await start({
    hooks: {
      onSend: (messages) => {
        transfers += 1;
        if (messages.some(({ messageId }) => messageId === "m0000")) return proxy.promise;
        if (transfers >= 3) proxy.resolve({ reject: "com.microsoft:entity-disabled" });
        return "accept";
      },
    },
  });
  const result = await send(queue, numbered(2_000));
  expect(result.failed).toBe("unavailable");
  expect(result.accepted.length).toBeGreaterThan(200);
  expect(result.accepted.length).toBeLessThan(1_999);
  expect(stored(broker)).toEqual(result.accepted);
});
