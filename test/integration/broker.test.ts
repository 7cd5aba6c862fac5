import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import rhea, { type EventContext } from "rhea";
import { afterEach, expect, test, vi } from "vitest";
import { message, rig } from "./broker-client.ts";

const NOON = new Date("2025-06-01T12:00:00Z");
const MINUTE = 60_000;
const LOCKS_BY_HAND = { maxAutoLockRenewalDurationInMs: 0 } as const;

const { start, client, end } = rig();
afterEach(end);

/** A clock that the test sets. */
function clock(): { readonly now: () => Date; readonly advance: (ms: number) => void } {
  let ms = NOON.getTime();
  return {
    now: () => new Date(ms),
    advance: (milliseconds) => {
      ms += milliseconds;
    },
  };
}

/** `count` messages, however many answers it takes; waits for none that is not there. */
async function receive(receiver: ServiceBusReceiver, count: number): Promise<ServiceBusReceivedMessage[]> {
  const received: ServiceBusReceivedMessage[] = [];
  while (received.length < count) {
    const more = await receiver.receiveMessages(count - received.length, { maxWaitTimeInMs: 5_000 });
    if (more.length === 0) break;
    received.push(...more);
  }
  return received;
}

const one = async (receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> => {
  const [first] = await receive(receiver, 1);
  if (first === undefined) throw new Error("no message came");
  return first;
};

const ids = (messages: readonly { readonly messageId?: unknown }[]): unknown[] =>
  messages.map((each) => each.messageId);

test("one message – every byte and property reaches the receiver, completing removes it", async () => {
  const broker = await start({ now: () => NOON });
  const sdk = client(broker.connectionString);
  const body = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
  await sdk.createSender("sightings").sendMessages({
    messageId: "m-1",
    body,
    contentType: "application/cloudevents+json; charset=utf-8",
    subject: "a subject",
    applicationProperties: { severity: "high", count: 3, yes: true },
  });
  expect(broker.messages("sightings")).toMatchObject([
    {
      sequenceNumber: 1,
      messageId: "m-1",
      body,
      contentType: "application/cloudevents+json; charset=utf-8",
      subject: "a subject",
      applicationProperties: { severity: "high", count: 3, yes: true },
      enqueuedTime: NOON,
      deliveryCount: 0,
    },
  ]);

  const receiver = sdk.createReceiver("sightings", LOCKS_BY_HAND);
  const got = await one(receiver);
  expect(Buffer.from(got.body)).toEqual(body);
  expect(got).toMatchObject({
    messageId: "m-1",
    contentType: "application/cloudevents+json; charset=utf-8",
    subject: "a subject",
    applicationProperties: { severity: "high", count: 3, yes: true },
    deliveryCount: 0,
    enqueuedTimeUtc: NOON,
    lockedUntilUtc: new Date(NOON.getTime() + 5 * MINUTE),
  });
  expect(got.sequenceNumber?.toNumber()).toBe(1);
  await receiver.completeMessage(got);
  expect(broker.messages("sightings")).toEqual([]);
});

test("a batch – each message with its own id, in order; a batch of one too", async () => {
  const broker = await start();
  const sdk = client(broker.connectionString);
  const sender = sdk.createSender("sightings");
  await sender.sendMessages([message("a"), message("b"), message("c")]);
  await sender.sendMessages([message("d")]);
  expect(ids(broker.messages("sightings"))).toEqual(["a", "b", "c", "d"]);
  expect(broker.acceptedSends).toBe(2);
  const receiver = sdk.createReceiver("sightings");
  const received = await receive(receiver, 4);
  expect(ids(received)).toEqual(["a", "b", "c", "d"]);
  expect(received.map((each) => each.body.toString().slice(0, 2))).toEqual(["aa", "bb", "cc", "dd"]);
});

test("many transfers at once – all stored, once, in the order sent", async () => {
  const broker = await start();
  const sender = client(broker.connectionString).createSender("sightings");
  await sender.createMessageBatch(); // opens the link
  const sent = Array.from({ length: 500 }, (_, index) => `m-${index}`);
  await Promise.all(sent.map((id) => sender.sendMessages(message(id))));
  expect(ids(broker.messages("sightings"))).toEqual(sent);
  expect(broker.acceptedSends).toBe(500);
});

test("3,000 messages – received and completed by two receivers, each exactly once", async () => {
  const broker = await start();
  const sdk = client(broker.connectionString);
  const sender = sdk.createSender("sightings");
  const sent = Array.from({ length: 3_000 }, (_, index) => `m-${index}`);
  for (let from = 0; from < sent.length; from += 1_000) {
    await sender.sendMessages(sent.slice(from, from + 1_000).map((id) => message(id, 20)));
  }
  const drain = async (receiver: ServiceBusReceiver): Promise<unknown[]> => {
    const taken: unknown[] = [];
    while (broker.messages("sightings").length > 0) {
      const some = await receiver.receiveMessages(200, { maxWaitTimeInMs: 100 });
      await Promise.all(some.map((each) => receiver.completeMessage(each)));
      taken.push(...ids(some));
    }
    return taken;
  };
  const taken = await Promise.all([drain(sdk.createReceiver("sightings")), drain(sdk.createReceiver("sightings"))]);
  expect(taken.flat()).toHaveLength(sent.length);
  expect(new Set(taken.flat())).toEqual(new Set(sent));
});

test("abandon – comes again at its old place with one more delivery; after the last allowed one it is dead-lettered", async () => {
  const broker = await start({ maxDeliveryCount: 3 });
  const sdk = client(broker.connectionString);
  await sdk.createSender("sightings").sendMessages([message("first"), message("second")]);
  const receiver = sdk.createReceiver("sightings", LOCKS_BY_HAND);
  for (const deliveryCount of [0, 1, 2]) {
    const got = await one(receiver);
    expect(got).toMatchObject({ messageId: "first", deliveryCount });
    await receiver.abandonMessage(got);
  }
  expect(await one(receiver)).toMatchObject({ messageId: "second", deliveryCount: 0 });
  expect(broker.deadLetters("sightings")).toMatchObject([
    { messageId: "first", deadLetterReason: "MaxDeliveryCountExceeded", deliveryCount: 3 },
  ]);
});

test("dead-letter – reason, description and source are on the message of the sub-queue, its bytes and properties too", async () => {
  const broker = await start();
  const sdk = client(broker.connectionString);
  await sdk.createSender("sightings").sendMessages({ ...message("a"), applicationProperties: { severity: "low" } });
  const receiver = sdk.createReceiver("sightings");
  const options = { deadLetterReason: "no parser", deadLetterErrorDescription: "type unknown" };
  await receiver.deadLetterMessage(await one(receiver), options);
  expect(broker.messages("sightings")).toEqual([]);

  const dead = sdk.createReceiver("sightings", { subQueueType: "deadLetter" });
  expect(ids(await dead.peekMessages(5))).toEqual(["a"]);
  const got = await one(dead);
  expect(got).toMatchObject({ messageId: "a", ...options, deadLetterSource: "sightings" });
  expect(got.applicationProperties).toMatchObject({ severity: "low" });
  expect(Buffer.from(got.body)).toEqual(message("a").body);
  await dead.completeMessage(got);
  expect(broker.deadLetters("sightings")).toEqual([]);
});

test("defer – kept, peeked, not received again", async () => {
  const broker = await start();
  const sdk = client(broker.connectionString);
  await sdk.createSender("sightings").sendMessages([message("a"), message("b")]);
  const receiver = sdk.createReceiver("sightings");
  await receiver.deferMessage(await one(receiver));
  expect(await one(receiver)).toMatchObject({ messageId: "b" });
  expect(await receiver.peekMessages(2)).toMatchObject([{ messageId: "a", state: "deferred" }, { messageId: "b" }]);
});

test("receive and delete – gone when it is handed out", async () => {
  const broker = await start();
  const sdk = client(broker.connectionString);
  await sdk.createSender("sightings").sendMessages(message("a"));
  const receiver = sdk.createReceiver("sightings", { receiveMode: "receiveAndDelete" });
  expect(ids(await receive(receiver, 1))).toEqual(["a"]);
  expect(broker.messages("sightings")).toEqual([]);
});

test("peek – from a sequence number on, locks nothing, shows what is locked", async () => {
  const broker = await start();
  const sdk = client(broker.connectionString);
  await sdk.createSender("sightings").sendMessages([message("a"), message("b"), message("c")]);
  const receiver = sdk.createReceiver("sightings");
  expect(await receiver.peekMessages(2)).toMatchObject([{ messageId: "a" }, { messageId: "b" }]);
  expect(ids(await receiver.peekMessages(9))).toEqual(["c"]);
  expect(await receiver.peekMessages(9)).toEqual([]);
  await one(receiver);
  // Each client peeks on from where it was.
  const other = client(broker.connectionString).createReceiver("sightings");
  expect(ids(await other.peekMessages(9))).toEqual(["a", "b", "c"]);
});

test("a lock that runs out – completing reports the loss, the message comes again with one more delivery", async () => {
  const time = clock();
  const broker = await start({ now: time.now, lockDurationMs: MINUTE });
  const sdk = client(broker.connectionString);
  await sdk.createSender("sightings").sendMessages(message("a"));
  const receiver = sdk.createReceiver("sightings", LOCKS_BY_HAND);
  const late = await one(receiver);
  time.advance(MINUTE);
  await expect(receiver.completeMessage(late)).rejects.toMatchObject({ code: "MessageLockLost" });
  await expect(receiver.renewMessageLock(late)).rejects.toMatchObject({ code: "MessageLockLost" });
  const again = await one(receiver);
  expect(again).toMatchObject({ messageId: "a", deliveryCount: 1 });
  await receiver.completeMessage(again);
  expect(broker.messages("sightings")).toEqual([]);
});

test("renewing a lock – holds the message for another full duration", async () => {
  const time = clock();
  const broker = await start({ now: time.now, lockDurationMs: MINUTE });
  const sdk = client(broker.connectionString);
  await sdk.createSender("sightings").sendMessages(message("a"));
  const receiver = sdk.createReceiver("sightings", LOCKS_BY_HAND);
  const got = await one(receiver);
  time.advance(MINUTE - 1);
  expect(await receiver.renewMessageLock(got)).toEqual(new Date(NOON.getTime() + 2 * MINUTE - 1));
  time.advance(MINUTE - 1);
  await receiver.completeMessage(got);
  expect(broker.messages("sightings")).toEqual([]);
});

test("a lock that runs out unseen – the message is ready again by itself, and dead-lettered after the last allowed delivery", async () => {
  const time = clock();
  const broker = await start({ now: time.now, lockDurationMs: MINUTE, maxDeliveryCount: 2 });
  const sdk = client(broker.connectionString);
  await sdk.createSender("sightings").sendMessages(message("a"));
  const receiver = sdk.createReceiver("sightings", LOCKS_BY_HAND);
  for (const deliveryCount of [0, 1]) {
    expect(await one(receiver)).toMatchObject({ messageId: "a", deliveryCount });
    time.advance(MINUTE);
  }
  await vi.waitFor(() =>
    expect(broker.deadLetters("sightings")).toMatchObject([{ deadLetterReason: "MaxDeliveryCountExceeded" }]),
  );
});

test("a receiver that is waiting – gets a message the moment it is sent", async () => {
  const broker = await start();
  const sdk = client(broker.connectionString);
  const waiting = one(sdk.createReceiver("sightings"));
  await sdk.createSender("sightings").sendMessages(message("a"));
  expect(await waiting).toMatchObject({ messageId: "a" });
});

test("drain – credit that finds no message is given back at once, and given again it works", async () => {
  const broker = await start();
  await client(broker.connectionString).createSender("sightings").sendMessages(message("a"));
  const connection = rhea.create_container().connect({ port: broker.port, username: "anonymous", reconnect: false });
  try {
    const received: unknown[] = [];
    const receiver = connection.open_receiver({ source: "sightings", credit_window: 0 });
    receiver.on("message", (context: EventContext) => received.push(context.message?.message_id));
    const drained = (): Promise<unknown> => new Promise((done) => receiver.once("receiver_drained", done));
    receiver.add_credit(5);
    await vi.waitFor(() => expect(received).toEqual(["a"]));
    receiver.drain_credit();
    await drained();
    receiver.drain = false;
    await client(broker.connectionString).createSender("sightings").sendMessages(message("b"));
    receiver.add_credit(1);
    await vi.waitFor(() => expect(received).toEqual(["a", "b"]));
  } finally {
    connection.close();
  }
});

test("settling after the receiver was closed – goes through the management link", async () => {
  const broker = await start();
  const sdk = client(broker.connectionString);
  await sdk.createSender("sightings").sendMessages(message("a"));
  const closed = sdk.createReceiver("sightings");
  const got = await one(closed);
  await closed.close();
  expect(ids(broker.messages("sightings"))).toEqual(["a"]);
  await sdk.createReceiver("sightings").completeMessage(got);
  expect(broker.messages("sightings")).toEqual([]);
});

test("duplicates – accepted and dropped within the window, also inside one batch; stored again after it", async () => {
  const time = clock();
  const broker = await start({ now: time.now, duplicateDetection: { windowMs: 10 * MINUTE } });
  const sdk = client(broker.connectionString);
  const sender = sdk.createSender("sightings");
  await sender.sendMessages([message("a"), message("b"), message("a")]);
  await sender.sendMessages(message("a", 999));
  expect(ids(broker.messages("sightings"))).toEqual(["a", "b"]);
  expect(broker.messages("sightings")[0]?.body).toHaveLength(100);
  expect(broker.duplicates).toBe(2);

  const receiver = sdk.createReceiver("sightings");
  for (const got of await receive(receiver, 2)) await receiver.completeMessage(got);
  time.advance(10 * MINUTE - 1);
  await sender.sendMessages(message("a"));
  expect(broker.messages("sightings")).toEqual([]);
  time.advance(1);
  await sender.sendMessages(message("a"));
  expect(ids(broker.messages("sightings"))).toEqual(["a"]);
  expect(broker.duplicates).toBe(3);
});

test("duplicate detection off, or no id – everything is stored", async () => {
  const broker = await start({ duplicateDetection: false });
  const sender = client(broker.connectionString).createSender("sightings");
  await sender.sendMessages([message("a"), message("a")]);
  expect(ids(broker.messages("sightings"))).toEqual(["a", "a"]);

  const strict = await start();
  const other = client(strict.connectionString).createSender("sightings");
  await other.sendMessages([{ body: Buffer.from("x") }, { body: Buffer.from("x") }]);
  expect(strict.messages("sightings")).toHaveLength(2);
});

test("two queues – each with its own messages, numbers and ids", async () => {
  const broker = await start({ queues: ["one", "two"] });
  const sdk = client(broker.connectionString);
  await sdk.createSender("one").sendMessages(message("a"));
  await sdk.createSender("two").sendMessages(message("a"));
  expect(broker.messages("one")).toMatchObject([{ messageId: "a", sequenceNumber: 1 }]);
  expect(broker.messages("two")).toMatchObject([{ messageId: "a", sequenceNumber: 1 }]);
  expect(() => broker.messages("three")).toThrow("this broker has no queue three, only one, two");
});

test("close – cuts clients at once and frees the port for the next broker", async () => {
  const first = await start();
  const sdk = client(first.connectionString);
  const sender = sdk.createSender("sightings");
  await sender.sendMessages(message("a"));
  await first.close();
  await expect(sender.sendMessages(message("b"))).rejects.toBeDefined();
  const second = await start({ port: first.port });
  expect(second.port).toBe(first.port);
  await sender.sendMessages(message("c"));
  expect(ids(second.messages("sightings"))).toEqual(["c"]);
  await expect(start({ port: first.port })).rejects.toThrow(/EADDRINUSE/);
});
