import { spawn, type ChildProcess } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, test, vi } from "vitest";
import { message, rig } from "./broker-client.ts";

const NOON = new Date("2025-06-01T12:00:00Z");
const DAY_MS = 86_400_000;

const { start, client, end } = rig();
const folders: string[] = [];
const children: Running[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) await child.kill("SIGKILL");
  await end();
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "firstsight-broker-"));
  folders.push(made);
  return made;
}

interface Running {
  readonly port: number;
  readonly pid: number;
  readonly process: ChildProcess;
  readonly gone: Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

const MAIN = join(import.meta.dirname, "..", "local", "service-bus", "main.ts");

/** The broker as a process of its own, as soon as it says that it is ready. */
async function run(...args: string[]): Promise<Running> {
  const child = spawn(process.execPath, [MAIN, "--port", "0", ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const gone = new Promise<void>((ended) => child.once("close", () => ended()));
  const line = await new Promise<string>((said, failed) => {
    createInterface(child.stdout).once("line", said);
    void gone.then(() => failed(new Error("the broker ended before it was ready")));
  });
  const ready: { event: string; port: number; pid: number } = JSON.parse(line);
  expect(ready).toEqual({ event: "ready", port: ready.port, pid: child.pid });
  const running = {
    port: ready.port,
    pid: ready.pid,
    process: child,
    gone,
    kill: (signal: NodeJS.Signals) => {
      child.kill(signal);
      return gone;
    },
  };
  children.push(running);
  return running;
}

const connectionString = (port: number): string =>
  `Endpoint=sb://localhost:${port};SharedAccessKeyName=x;SharedAccessKey=y;UseDevelopmentEmulator=true;`;

/** What is in the journal of a directory, by a broker that is closed again. */
async function content(directory: string): Promise<{ active: unknown[]; dead: unknown[] }> {
  const broker = await start({ directory });
  const active = broker.messages("sightings").map((each) => each.messageId);
  const dead = broker.deadLetters("sightings").map((each) => each.messageId);
  await broker.close();
  return { active, dead };
}

test("killed right after an accept – the message is there with every byte, and its id is still known", async () => {
  const directory = folder();
  let broker = await run("--directory", directory);
  const sent = message("a", 5_000);
  await client(connectionString(broker.port)).createSender("sightings").sendMessages(sent);
  await broker.kill("SIGKILL");

  broker = await run("--directory", directory);
  const sdk = client(connectionString(broker.port));
  await sdk.createSender("sightings").sendMessages([message("a"), message("b")]);
  const receiver = sdk.createReceiver("sightings");
  const peeked = await receiver.peekMessages(10);
  expect(peeked.map((each) => [each.messageId, each.sequenceNumber?.toNumber()])).toEqual([
    ["a", 1],
    ["b", 2],
  ]);
  expect(Buffer.from(peeked[0]?.body)).toEqual(sent.body);
});

test("killed right after a settlement – completed stays gone, dead-lettered stays dead, its id stays known", async () => {
  const directory = folder();
  let broker = await run("--directory", directory);
  let sdk = client(connectionString(broker.port));
  await sdk.createSender("sightings").sendMessages(["a", "b", "c"].map((id) => message(id)));
  const receiver = sdk.createReceiver("sightings");
  const [first, second] = await receiver.receiveMessages(2, { maxWaitTimeInMs: 5_000 });
  if (first === undefined || second === undefined) throw new Error("two messages were sent");
  await receiver.completeMessage(first);
  await receiver.deadLetterMessage(second, { deadLetterReason: "test", deadLetterErrorDescription: "" });
  await broker.kill("SIGKILL");

  broker = await run("--directory", directory);
  sdk = client(connectionString(broker.port));
  await sdk.createSender("sightings").sendMessages(["a", "b", "c"].map((id) => message(id)));
  await broker.kill("SIGKILL");
  expect(await content(directory)).toEqual({ active: ["c"], dead: ["b"] });
});

test("killed among many sends – every acknowledged message is there once, a batch whole or not at all", async () => {
  const directory = folder();
  const broker = await run("--directory", directory);
  const sender = client(connectionString(broker.port)).createSender("sightings");
  await sender.createMessageBatch();
  const acknowledged: string[] = [];
  const giveUp = new AbortController();
  const batches = Array.from({ length: 200 }, (_, batch) => [`${batch}-x`, `${batch}-y`, `${batch}-z`]);
  await Promise.allSettled(
    batches.map(async (ids) => {
      await sender.sendMessages(
        ids.map((id) => message(id, 2_000)),
        { abortSignal: giveUp.signal },
      );
      acknowledged.push(...ids);
      if (acknowledged.length > 90) {
        await broker.kill("SIGKILL");
        giveUp.abort();
      }
    }),
  );
  const { active } = await content(directory);
  expect(acknowledged.length).toBeGreaterThan(90);
  expect(acknowledged.filter((id) => !active.includes(id))).toEqual([]);
  expect(new Set(active).size).toBe(active.length);
  for (const ids of batches) expect([0, 3]).toContain(ids.filter((id) => active.includes(id)).length);
});

test("a torn last line – ignored, whatever its length; the journal goes on after it", async () => {
  const directory = folder();
  const file = join(directory, "journal.ndjson");
  let broker = await start({ directory });
  await client(broker.connectionString).createSender("sightings").sendMessages(message("a"));
  const before = readFileSync(file, "utf8");
  await client(broker.connectionString).createSender("sightings").sendMessages(message("b"));
  await broker.close();
  const line = readFileSync(file, "utf8").slice(before.length);
  expect(line.endsWith("\n")).toBe(true);
  for (const length of [1, Math.floor(line.length / 2), line.length - 1]) {
    writeFileSync(file, before + line.slice(0, length));
    broker = await start({ directory });
    expect(broker.messages("sightings").map((each) => each.messageId)).toEqual(["a"]);
    await client(broker.connectionString).createSender("sightings").sendMessages(message("b"));
    await broker.close();
    expect(await content(directory)).toEqual({ active: ["a", "b"], dead: [] });
  }
});

test("a damaged line before the last – the start fails and names it", async () => {
  const directory = folder();
  const file = join(directory, "journal.ndjson");
  writeFileSync(file, '{"k":"next","q":"sightings","s":1}\nnonsense\n{"k":"next","q":"sightings","s":2}\n');
  await expect(start({ directory })).rejects.toThrow(`${file}, line 2 of 3 can't be read`);
});

test("compaction on open – what is settled leaves the file, and so do ids that are older than the window", async () => {
  const directory = folder();
  let now = NOON;
  const options = { directory, now: () => now, duplicateDetection: { windowMs: DAY_MS } };
  const first = await start(options);
  const sdk = client(first.connectionString);
  await sdk
    .createSender("sightings")
    .sendMessages(Array.from({ length: 50 }, (_, index) => message(`old-${index}`, 2_000)));
  const receiver = sdk.createReceiver("sightings");
  const received = await receiver.receiveMessages(49, { maxWaitTimeInMs: 5_000 });
  for (const got of received) await receiver.completeMessage(got);
  await first.close();
  const file = join(directory, "journal.ndjson");
  const full = statSync(file).size;

  const second = await start(options);
  await second.close();
  const compacted = readFileSync(file, "utf8");
  expect(compacted.length).toBeLessThan(full / 10);
  expect(compacted).toContain('"old-0"');

  now = new Date(NOON.getTime() + DAY_MS);
  const third = await start(options);
  const sender = client(third.connectionString).createSender("sightings");
  expect(readFileSync(file, "utf8")).not.toContain('"old-0"');
  await sender.sendMessages(message("old-0"));
  expect(third.messages("sightings").map((each) => [each.messageId, each.sequenceNumber])).toEqual([
    ["old-49", 50],
    ["old-0", 51],
  ]);
});

test("failed deliveries and deferral – counted across restarts; a lock is not", async () => {
  const directory = folder();
  const options = { directory, maxDeliveryCount: 2 };
  const first = await start(options);
  const sdk = client(first.connectionString);
  await sdk.createSender("sightings").sendMessages([message("a"), message("b"), message("c")]);
  const receiver = sdk.createReceiver("sightings");
  const [a, b] = await receiver.receiveMessages(2, { maxWaitTimeInMs: 5_000 });
  if (a === undefined || b === undefined) throw new Error("three messages were sent");
  await receiver.deferMessage(b);
  await receiver.abandonMessage(a);
  await receiver.receiveMessages(2, { maxWaitTimeInMs: 5_000 });
  await first.close();

  const second = await start(options);
  const other = client(second.connectionString).createReceiver("sightings");
  const [again, last] = await other.receiveMessages(2, { maxWaitTimeInMs: 5_000 });
  expect(last).toMatchObject({ messageId: "c", deliveryCount: 0 });
  if (again === undefined) throw new Error("the lock of a broker that is gone holds nothing");
  expect(again).toMatchObject({ messageId: "a", deliveryCount: 1 });
  await other.abandonMessage(again);
  expect(second.deadLetters("sightings")).toMatchObject([{ messageId: "a", deliveryCount: 2 }]);
});

test("a leftover of an interrupted compaction – replaced", async () => {
  const directory = folder();
  const first = await start({ directory });
  await client(first.connectionString).createSender("sightings").sendMessages(message("a"));
  await first.close();
  appendFileSync(join(directory, "journal.ndjson.next"), "half a li");
  expect(await content(directory)).toEqual({ active: ["a"], dead: [] });
});

test("the process – ends on SIGTERM, and with the lifeline when its standard input closes", async () => {
  const plain = await run();
  await plain.kill("SIGTERM");
  expect(plain.process.exitCode).toBe(0);
  const held = await run("--stdin-lifeline");
  held.process.stdin?.end();
  await held.gone;
  expect(held.process.exitCode).toBe(0);
});

test("the process over a directory – ends a broker that was left running there", async () => {
  const directory = folder();
  const first = await run("--directory", directory);
  await client(connectionString(first.port)).createSender("sightings").sendMessages(message("a"));
  const second = await run("--directory", directory);
  await first.gone;
  expect(first.process.signalCode).toBe("SIGKILL");
  const receiver = client(connectionString(second.port)).createReceiver("sightings");
  await vi.waitFor(async () => expect(await receiver.peekMessages(1)).toMatchObject([{ messageId: "a" }]));
});
