import { createHash } from "node:crypto";
import type { ServiceBusMessage } from "@azure/service-bus";
import { ServiceBusClient } from "@azure/service-bus";
import { pino } from "pino";
import { credentialFor } from "../../shared/azure/credential.ts";
import { outboxTable } from "../../shared/azure/outbox-table.ts";
import { toOutboxEntity } from "../../shared/azure/outbox-entity.ts";
import { openQueue } from "../../shared/azure/sightings-queue.ts";
import { packs } from "../../shared/catalog/generated/packs.ts";
import { sightingMessage } from "../../shared/core/message.ts";
import type { Queue } from "../../shared/core/queue.ts";
import type { OutboxMessage } from "../../shared/core/sighting.ts";
import { partitionOf } from "../../shared/core/slice.ts";
import { relay } from "../../shared/outbox/relay.ts";
import type { Tables } from "../local/tables.ts";
import { startTables } from "../local/tables.ts";
import type { BrokerProcess } from "./broker-process.ts";
import { startBrokerProcess } from "./broker-process.ts";
import type { Figure } from "./figure.ts";
import { median, timed } from "./figure.ts";

const QUEUE = "sightings";
const NOW = new Date("2026-06-30T12:00:00Z");
/** Batches in flight at once: what gives the SDK its best rate here. */
const CONCURRENCY = 4;

interface Waiting {
  readonly partition: string;
  readonly message: OutboxMessage;
}

type Announced = { readonly [way in "sdk" | "sending" | "relay"]: number };

/** Announcing as many sightings: the sending, and the whole relay with its state, against the SDK's own full batches. */
export async function benchRelay(scale: number): Promise<readonly Figure[]> {
  const count = Math.round(10_000 * scale);
  const rounds: Announced[] = [];
  const tables = await startTables({});
  try {
    // The first round warms all three up and does not count.
    for (let round = 0; round <= (scale < 1 ? 1 : 7); round++) rounds.push(await announce(tables, round, count));
  } finally {
    await tables.stop();
  }
  const counted = rounds.slice(1);
  const size = count.toLocaleString("en-US");
  return [
    {
      name: `announcing ${size}: the SDK's own full batches, messages a second`,
      value: Math.round(count / (median(counted.map(({ sdk }) => sdk)) / 1000)),
      unit: "",
    },
    {
      name: "  rate of the sending ÷ the SDK's",
      value: median(counted.map(({ sdk, sending }) => sdk / sending)),
      unit: "×",
      limit: { sign: "≥", value: 0.8 },
    },
    {
      name: "  rate of the whole relay ÷ the SDK's",
      value: median(counted.map((of) => of.sdk / of.relay)),
      unit: "×",
      limit: { sign: "≥", value: 0.4 },
    },
  ];
}

/** Milliseconds of each way, over a broker of its own each time: none finds what another has left there. */
async function announce(tables: Tables, round: number, count: number): Promise<Announced> {
  const waiting = messages(round, count);
  const table = `Sightings${round}`;
  await tables.createTables([table]);
  await commit(tables, table, waiting);
  const ways = {
    sdk: (broker: BrokerProcess) => sendBySdk(broker, waiting),
    sending: (broker: BrokerProcess) => sendByQueue(broker, waiting),
    relay: (broker: BrokerProcess) => sendByRelay(broker, tables, table, count),
  };
  const took = { sdk: 0, sending: 0, relay: 0 };
  const order = ["sdk", "sending", "relay"] as const;
  for (const way of round % 2 === 0 ? order : order.toReversed()) {
    const broker = await startBrokerProcess();
    try {
      took[way] = await timed(() => ways[way](broker));
    } finally {
      await broker.stop();
    }
  }
  return took;
}

/** As the service builds them. */
function messages(round: number, count: number): Waiting[] {
  const detection = packs[0]?.detections[0];
  if (!detection) throw new Error("no detection was built");
  return Array.from({ length: count }, (_, i) => {
    const deviceId = createHash("sha1").update(`device ${i}`).digest("hex");
    const messageId = createHash("sha256").update(`message ${round} ${i}`).digest("hex");
    const seen = {
      detectionId: detection.id,
      deviceId,
      deviceName: `ws-${deviceId.slice(0, 8)}.corp.example`,
      firstSeen: NOW,
      lastSeen: NOW,
    };
    const told = {
      source: "bench",
      episode: 1,
      announcement: 1,
      disposition: "announced",
      approvalsVersion: 0,
      decidedAt: NOW,
    } as const;
    const message = sightingMessage({
      detection,
      row: { ...seen, reports: [String(i)], count: 3 },
      sighting: { ...seen, ...told, messageId, definitionHash: detection.hash },
      cause: "new-activity",
      novelty: { firstInState: false, knownDevices: count },
      window: { from: NOW, to: NOW },
      source: { name: "bench", id: "00000000-0000-4000-8000-000000000001", kind: "log-analytics" },
      runId: "00000000-0000-4000-8000-000000000002",
      decidedAt: NOW,
    });
    return { partition: partitionOf(deviceId), message };
  });
}

async function commit(tables: Tables, table: string, waiting: readonly Waiting[]): Promise<void> {
  const client = tables.client(table);
  for (const [partition, inOne] of Map.groupBy(waiting, (one) => one.partition)) {
    for (let i = 0; i < inOne.length; i += 100) {
      const rows = inOne.slice(i, i + 100).map(({ message }) => toOutboxEntity(partition, message, NOW));
      await client.submitTransaction(rows.map((row) => ["create", row]));
    }
  }
}

/** What the SDK can do: full batches, as many in flight as serve it best, nothing noted of them. */
async function sendBySdk({ connectionString }: BrokerProcess, waiting: readonly Waiting[]): Promise<void> {
  const client = new ServiceBusClient(connectionString);
  const sender = client.createSender(QUEUE);
  const inFlight = new Set<Promise<void>>();
  let batch = await sender.createMessageBatch();
  const launch = async (): Promise<void> => {
    const sending = sender.sendMessages(batch).finally(() => inFlight.delete(sending));
    inFlight.add(sending);
    if (inFlight.size >= CONCURRENCY) await Promise.race(inFlight);
  };
  for (const { message } of waiting) {
    const plain: ServiceBusMessage = {
      messageId: message.id,
      subject: message.type,
      contentType: message.contentType,
      body: Buffer.from(message.body),
      applicationProperties: { ...message.properties },
    };
    if (batch.tryAddMessage(plain)) continue;
    await launch();
    batch = await sender.createMessageBatch();
    if (!batch.tryAddMessage(plain)) throw new Error("a message of the bench is larger than a batch");
  }
  await launch();
  await Promise.all(inFlight);
  await client.close();
}

const open = ({ connectionString }: BrokerProcess): Promise<Queue> =>
  openQueue({
    address: { kind: "loopback", connectionString },
    queue: QUEUE,
    credential: credentialFor({ kind: "developer" }, "http://127.0.0.1"),
  });

async function sendByQueue(broker: BrokerProcess, waiting: readonly Waiting[]): Promise<void> {
  const queue = await open(broker);
  let accepted = 0;
  const source = async function* (): AsyncGenerator<Waiting> {
    yield* waiting;
  };
  await queue.sendAll(source(), {
    accepted: (entries) => void (accepted += entries.length),
    refused: (_, error) => {
      throw error;
    },
  });
  await queue.close();
  if (accepted !== waiting.length) throw new Error(`the broker took ${accepted} of ${waiting.length} messages`);
}

async function sendByRelay(broker: BrokerProcess, tables: Tables, table: string, count: number): Promise<void> {
  const result = await relay({
    outbox: outboxTable(tables.client(table)),
    queue: () => open(broker),
    log: pino({ level: "silent" }),
    limit: count,
    budgetMs: 240_000,
    now: () => NOW,
  });
  if (result.sent !== count || result.depth !== 0 || result.failed)
    throw new Error(`the bench's relay left something: ${JSON.stringify(result)}`);
}
