import { setTimeout as wait } from "node:timers/promises";
import type { TokenCredential } from "@azure/identity";
import type { ServiceBusMessage, ServiceBusMessageBatch, ServiceBusSender } from "@azure/service-bus";
import type { Address } from "../settings/address.ts";
import type { Outcomes, Queue } from "../core/queue.ts";
import type { OutboxMessage } from "../core/sighting.ts";
import { halvesOf } from "../core/split-list.ts";
import { PublishError } from "../errors.ts";
import { isUnconnected, toPublishError } from "./publish-failure.ts";

/** How often and how long a send is retried. The wait doubles with each retry. Times in milliseconds. */
export interface SendRetryOptions {
  readonly maxRetries: number;
  readonly retryDelayInMs: number;
  readonly maxRetryDelayInMs: number;
  readonly timeoutInMs: number;
}

const DEFAULT_RETRY: SendRetryOptions = {
  maxRetries: 3,
  retryDelayInMs: 800,
  maxRetryDelayInMs: 8_000,
  timeoutInMs: 10_000,
};

/** Messages in a batch. A limit of Service Bus, which the SDK does not enforce. */
const MAX_BATCH_MESSAGES = 4_500;
/** Batches in flight at once. */
const CONCURRENCY = 4;

/**
 * Refused sends without an accepted one between them after which the queue itself counts as unavailable: it is full. Refused
 * messages are found by halving, so the number is well above what a pass may accept: refused messages at the head must not starve
 * those behind them (R15). A send that the SDK has retried for seconds counts as `RETRIED_WEIGHT` refusals.
 */
const MAX_REFUSALS = 5_000;
const RETRIED_WEIGHT = 400;

interface Batch<T> {
  readonly entries: T[];
  readonly batch: ServiceBusMessageBatch;
}

type Sendable = { readonly message: OutboxMessage };

interface QueueOptions {
  readonly address: Address;
  readonly queue: string;
  readonly credential: TokenCredential;
  readonly retry?: SendRetryOptions;
}

/** The Service Bus queue. The SDK is loaded here and connects with the first message. */
export async function openQueue({ address, queue, credential, retry = DEFAULT_RETRY }: QueueOptions): Promise<Queue> {
  const { RetryMode, ServiceBusClient } = await import("@azure/service-bus");
  const options = { retryOptions: { mode: RetryMode.Exponential, ...retry } };
  const client =
    address.kind === "loopback"
      ? new ServiceBusClient(address.connectionString, options)
      : new ServiceBusClient(address.endpoint, credential, options);
  const sender = client.createSender(queue);
  return {
    sendAll: (entries, outcomes) => sendAll(sender, entries, outcomes, retry),
    async close() {
      await client.close().catch(() => undefined);
    },
  };
}

async function sendAll<T extends Sendable>(
  sender: ServiceBusSender,
  entries: AsyncIterable<T>,
  outcomes: Outcomes<T>,
  retry: SendRetryOptions,
): Promise<void> {
  const inFlight = new Set<Promise<void>>();
  let failure: unknown;
  let refusals = 0;

  const newBatch = async (): Promise<Batch<T>> => ({
    entries: [],
    batch: await attempt(() => sender.createMessageBatch(), retry, "no batch could be begun"),
  });

  const launch = (full: Batch<T>): void => {
    const sending = deliver(full)
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => inFlight.delete(sending));
    inFlight.add(sending);
  };

  /** Sends a batch. A refused batch is halved until each refused message is alone in its batch. */
  const deliver = async ({ entries: sent, batch }: Batch<T>): Promise<void> => {
    if (failure !== undefined || sent.length === 0) return;
    try {
      await attempt(() => sender.sendMessages(batch), retry, `a batch of ${sent.length} was not sent`);
    } catch (error) {
      if (!(error instanceof PublishError) || error.kind !== "refused") throw error;
      refusals += error.cause instanceof AggregateError ? RETRIED_WEIGHT : 1;
      if (sent.length === 1) for (const entry of sent) outcomes.refused(entry, error);
      if (refusals >= MAX_REFUSALS)
        throw new PublishError("unavailable", `the queue refuses everything: ${error.message}`, { cause: error });
      if (sent.length > 1) for (const half of halvesOf(sent)) await deliver(await pack(half));
      return;
    }
    refusals = 0;
    outcomes.accepted(sent);
  };

  const pack = async (part: readonly T[]): Promise<Batch<T>> => {
    const packed = await newBatch();
    for (const entry of part) add(packed, entry);
    return packed;
  };

  const begin = async (first: Promise<Batch<T>>): Promise<void> => {
    let current: Batch<T> | undefined;
    for await (const entry of entries) {
      if (failure !== undefined) return;
      current ??= await first;
      if (add(current, entry)) continue;
      launch(current);
      while (inFlight.size >= CONCURRENCY) await Promise.race(inFlight);
      current = await newBatch();
      if (!add(current, entry))
        outcomes.refused(
          entry,
          new PublishError(
            "refused",
            `message ${entry.message.id} of ${entry.message.body.byteLength} bytes is larger than the queue takes`,
          ),
        );
    }
    if (current) launch(current);
  };

  // Connects while the first entries are still being read.
  const first = newBatch();
  const connected = Promise.allSettled([first]);
  try {
    await begin(first);
  } catch (error) {
    failure ??= error;
  }
  await connected;
  while (inFlight.size > 0) await Promise.all(inFlight);
  if (failure !== undefined) throw failure;
}

/** False where the message does not fit into the batch any more. */
function add<T extends Sendable>({ entries, batch }: Batch<T>, entry: T): boolean {
  if (entries.length >= MAX_BATCH_MESSAGES || !batch.tryAddMessage(toServiceBusMessage(entry.message))) return false;
  entries.push(entry);
  return true;
}

/** A Service Bus message. The body is a Buffer, which is sent byte for byte; the SDK would put a text into quotes. */
const toServiceBusMessage = ({ id, type, contentType, body, properties }: OutboxMessage): ServiceBusMessage => ({
  messageId: id,
  subject: type,
  contentType,
  body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
  applicationProperties: { ...properties },
});

/** Retries what the SDK does not retry: refused connections. @throws {PublishError} */
async function attempt<R>(work: () => Promise<R>, retry: SendRetryOptions, message: string): Promise<R> {
  for (let round = 0; ; round++) {
    try {
      return await work();
    } catch (error) {
      if (round >= retry.maxRetries || !isUnconnected(error)) throw toPublishError(error, message);
      await wait(Math.min(retry.retryDelayInMs * 2 ** round, retry.maxRetryDelayInMs));
    }
  }
}
