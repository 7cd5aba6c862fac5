import type { ServiceBusSender } from "@azure/service-bus";
import { afterEach, expect, test, vi } from "vitest";
import type { Broker } from "../local/service-bus/broker.ts";
import type { SendDecision } from "../local/service-bus/hooks.ts";
import { message, rig } from "./broker-client.ts";

const { start, client, end } = rig();
afterEach(end);

const senderTo = (broker: Broker): ServiceBusSender => client(broker.connectionString).createSender("sightings");

const stored = (broker: Broker): unknown[] => broker.messages("sightings").map((each) => each.messageId);

/** What a send fails with: the codes of all attempts, and whether the SDK says to try again. */
async function failure(sending: Promise<void>): Promise<unknown> {
  try {
    await sending;
    return "no failure";
  } catch (error) {
    if (error instanceof AggregateError) return { attempts: error.errors.map((each) => codeOf(each)) };
    return { code: codeOf(error) };
  }
}

const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "code" in error ? error.code : error;

test.each([
  ["amqp:resource-limit-exceeded", { code: "QuotaExceeded" }],
  ["com.microsoft:entity-disabled", { code: "MessagingEntityDisabled" }],
  ["amqp:not-found", { code: "MessagingEntityNotFound" }],
  ["amqp:link:message-size-exceeded", { code: "MessageSizeExceeded" }],
  ["com.microsoft:server-busy", { attempts: ["ServiceBusy", "ServiceBusy"] }],
  ["com.microsoft:timeout", { attempts: ["ServiceTimeout", "ServiceTimeout"] }],
  ["amqp:unauthorized-access", { attempts: ["UnauthorizedAccess", "UnauthorizedAccess"] }],
])(
  "refused with %s – the SDK reports it, nothing is stored, the next send goes through",
  async (condition, expected) => {
    const broker = await start({ hooks: { onSend: () => ({ reject: condition }) } });
    const sender = senderTo(broker);
    expect(await failure(sender.sendMessages(message("a")))).toEqual(expected);
    expect(stored(broker)).toEqual([]);
    broker.hooks = {};
    await sender.sendMessages(message("a"));
    expect(stored(broker)).toEqual(["a"]);
  },
);

test("one message refused by its id – the batch that holds it fails, others go through", async () => {
  const seen: unknown[] = [];
  const broker = await start({
    hooks: {
      onSend: (messages, queue) => {
        seen.push({
          queue,
          ids: messages.map((each) => each.messageId),
          big: messages.some((each) => each.bytes > 900),
        });
        return messages.some((each) => each.messageId === "bad")
          ? { reject: "amqp:resource-limit-exceeded" }
          : "accept";
      },
    },
  });
  const sender = senderTo(broker);
  await sender.sendMessages([message("a"), message("b", 1_000)]);
  expect(await failure(sender.sendMessages([message("c"), message("bad")]))).toEqual({ code: "QuotaExceeded" });
  await sender.sendMessages(message("c"));
  expect(stored(broker)).toEqual(["a", "b", "c"]);
  expect(seen).toEqual([
    { queue: "sightings", ids: ["a", "b"], big: true },
    { queue: "sightings", ids: ["c", "bad"], big: false },
    { queue: "sightings", ids: ["c"], big: false },
  ]);
});

const TIMED_OUT = { attempts: ["ServiceTimeout", "ServiceTimeout"] };

test.each<[SendDecision, { failure: unknown; stored: string[] }]>([
  ["store-then-drop", { failure: TIMED_OUT, stored: ["a"] }],
  ["drop", { failure: TIMED_OUT, stored: [] }],
  ["detach", { failure: TIMED_OUT, stored: [] }],
  ["silent", { failure: TIMED_OUT, stored: [] }],
  ["store-silent", { failure: TIMED_OUT, stored: ["a"] }],
])("%s at every attempt – the SDK gives up without knowing; stored at most once", async (decision, expected) => {
  let attempts = 0;
  const onSend = (): SendDecision => {
    attempts += 1;
    return decision;
  };
  const broker = await start({ hooks: { onSend } });
  const sender = senderTo(broker);
  expect(await failure(sender.sendMessages(message("a")))).toEqual(expected.failure);
  expect(attempts).toBe(2);
  expect(stored(broker)).toEqual(expected.stored);
  expect(broker.acceptedSends).toBe(0);

  broker.hooks = {};
  await sender.sendMessages(message("a"));
  expect(stored(broker)).toEqual(["a"]);
});

test.each<[SendDecision, number]>([
  ["store-then-drop", 1],
  ["drop", 0],
  ["detach", 0],
  ["silent", 0],
  ["store-silent", 1],
])("%s once – the SDK sends again under the same id and succeeds; stored once", async (decision, duplicates) => {
  const decisions: SendDecision[] = [decision, "accept"];
  const broker = await start({ hooks: { onSend: () => decisions.shift() ?? "accept" } });
  await senderTo(broker).sendMessages(message("a"));
  expect(stored(broker)).toEqual(["a"]);
  expect(broker.duplicates).toBe(duplicates);
});

test("store-then-drop without duplicate detection – stored twice", async () => {
  const decisions: SendDecision[] = ["store-then-drop", "accept"];
  const broker = await start({ duplicateDetection: false, hooks: { onSend: () => decisions.shift() ?? "accept" } });
  await senderTo(broker).sendMessages(message("a"));
  expect(stored(broker)).toEqual(["a", "a"]);
});

test("a decision that takes its time – the transfer waits for it, others don't", async () => {
  const held = Promise.withResolvers<SendDecision>();
  const broker = await start({
    hooks: { onSend: ([first]) => (first?.messageId === "held" ? held.promise : "accept") },
  });
  const sender = senderTo(broker);
  const waiting = sender.sendMessages(message("held"));
  await sender.sendMessages(message("other"));
  expect(stored(broker)).toEqual(["other"]);
  held.resolve("accept");
  await waiting;
  expect(stored(broker)).toEqual(["other", "held"]);
});

test("entity missing – sending and receiving say so at once; found again when it is back", async () => {
  const broker = await start({ hooks: { entityMissing: true } });
  const sdk = client(broker.connectionString);
  const sender = sdk.createSender("sightings");
  expect(await failure(sender.sendMessages(message("a")))).toEqual({ code: "MessagingEntityNotFound" });
  await expect(sdk.createReceiver("sightings").receiveMessages(1)).rejects.toMatchObject({
    code: "MessagingEntityNotFound",
  });
  broker.hooks = {};
  await sender.sendMessages(message("a"));
  expect(stored(broker)).toEqual(["a"]);
});

test("a queue that this broker does not have – not found", async () => {
  const broker = await start();
  const sender = client(broker.connectionString).createSender("elsewhere");
  expect(await failure(sender.sendMessages(message("a")))).toEqual({ code: "MessagingEntityNotFound" });
});

test("connections refused – fails, and works again when they are not", async () => {
  const broker = await start({ hooks: { refuseConnections: true } });
  // Neither a code nor `retryable`: what the SDK says when a connection is cut before it was open.
  await expect(senderTo(broker).sendMessages(message("a"))).rejects.toThrow("Failed to connect");
  broker.hooks = {};
  await senderTo(broker).sendMessages(message("a"));
  expect(stored(broker)).toEqual(["a"]);
});

test("an aborted send – the broker has stored what the sender gave up", async () => {
  const broker = await start({ hooks: { onSend: () => "store-silent" } });
  const abort = new AbortController();
  const sending = senderTo(broker).sendMessages(message("a"), { abortSignal: abort.signal });
  await vi.waitFor(() => expect(stored(broker)).toEqual(["a"]));
  abort.abort();
  await expect(sending).rejects.toMatchObject({ name: "AbortError" });
});

test("a single message – refused above the limit of bytes, taken below", async () => {
  const broker = await start();
  const sender = senderTo(broker);
  expect(await failure(sender.sendMessages(message("big", 262_144)))).toEqual({ code: "MessageSizeExceeded" });
  await sender.sendMessages(message("fits", 262_000));
  expect(stored(broker)).toEqual(["fits"]);
});

test("a batch – the SDK learns the limit of bytes from the link; above it the broker refuses all of it", async () => {
  const broker = await start();
  const sender = senderTo(broker);
  const batch = await sender.createMessageBatch();
  expect(batch.maxSizeInBytes).toBe(262_144);
  let count = 0;
  while (batch.tryAddMessage(message(`m-${count}`, 1_000))) count += 1;
  expect(count).toBeGreaterThan(230);
  await sender.sendMessages(batch);
  expect(stored(broker)).toHaveLength(count);

  const tight = await start({ maxBatchBytes: 10_000 });
  const over = [message("a", 6_000), message("b", 6_000)];
  expect(await failure(senderTo(tight).sendMessages(over))).toEqual({ code: "MessageSizeExceeded" });
  expect(stored(tight)).toEqual([]);
});

const tiny = (count: number, prefix: string): ReturnType<typeof message>[] =>
  Array.from({ length: count }, (_, index) => message(`${prefix}${index}`, 1));

test("a batch – 4,500 messages are taken, one more is refused with all of it", async () => {
  const broker = await start();
  const sender = senderTo(broker);
  expect(await failure(sender.sendMessages(tiny(4_501, "x")))).toEqual({
    attempts: ["GeneralError", "GeneralError"],
  });
  expect(stored(broker)).toEqual([]);
  await sender.sendMessages(tiny(4_500, "y"));
  expect(stored(broker)).toHaveLength(4_500);
});
