import type { Delivery, EventContext, Receiver } from "rhea";
import { BATCH_FORMAT, type AmqpError } from "./amqp.ts";
import type { BrokerHooks, SendDecision } from "./hooks.ts";
import type { Queue } from "./queue.ts";
import { batchedMessages, messageIdOf } from "./sections.ts";

export interface SendLimits {
  readonly maxMessageBytes: number;
  readonly maxBatchBytes: number;
  readonly maxBatchMessages: number;
}

export interface Producers {
  /** Serves a transfer to an entity. */
  receive(context: EventContext, queue: Queue): Promise<void>;
  /** Transfers that were answered "accepted"; a batch is one. */
  readonly acceptedSends: number;
}

/** Takes transfers in: limits first, then the hook, then the queue. */
export function startProducers(
  limits: SendLimits,
  hooks: () => BrokerHooks,
  missing: (queue: string) => AmqpError,
): Producers {
  let acceptedSends = 0;

  const receive = async ({ message, delivery, receiver }: EventContext, queue: Queue): Promise<void> => {
    if (delivery === undefined || receiver === undefined) throw new Error("a transfer without its link");
    const payload: unknown = message;
    if (!Buffer.isBuffer(payload)) throw new Error("a transfer to an entity was decoded too early");
    if (hooks().entityMissing === true) return receiver.close(missing(queue.name));
    const encoded = decode(payload, delivery);
    if ("condition" in encoded) return reject(receiver, delivery, encoded);
    const refusal = overLimit(payload.length, delivery.format === BATCH_FORMAT ? encoded.length : undefined, limits);
    if (refusal !== undefined) return reject(receiver, delivery, refusal);
    const decision = await decide(hooks(), encoded, queue.name);
    if (typeof decision === "object") {
      // The SDK tells a missing entity from other "not found" by the service's words.
      const usual =
        decision.reject === missing(queue.name).condition
          ? missing(queue.name).description
          : `The broker was told to refuse this with ${decision.reject}.`;
      const description = decision.description ?? usual;
      return reject(receiver, delivery, { condition: decision.reject, description });
    }
    switch (decision) {
      case "silent":
        return;
      case "drop":
        return drop(receiver);
      case "detach":
        return receiver.close({ condition: "amqp:link:detach-forced", description: "The broker was told to detach." });
      case "store-then-drop":
        await queue.put(encoded);
        return drop(receiver);
      case "store-silent":
        return queue.put(encoded);
      case "accept":
        await queue.put(encoded);
        acceptedSends += 1;
        if (receiver.is_open()) delivery.accept();
    }
  };
  return {
    receive,
    get acceptedSends() {
      return acceptedSends;
    },
  };
}

function decode(payload: Buffer, delivery: Delivery): readonly Buffer[] | AmqpError {
  try {
    const encoded = delivery.format === BATCH_FORMAT ? batchedMessages(payload) : [payload];
    for (const message of encoded) messageIdOf(message);
    return encoded;
  } catch (error) {
    return { condition: "amqp:decode-error", description: `The message can't be decoded: ${String(error)}` };
  }
}

async function decide(hooks: BrokerHooks, encoded: readonly Buffer[], queue: string): Promise<SendDecision> {
  if (hooks.onSend === undefined) return "accept";
  const messages = encoded.map((bytes) => ({ messageId: messageIdOf(bytes), bytes: bytes.length, encoded: bytes }));
  return hooks.onSend(messages, queue);
}

/** `batched`: how many messages the batch has; absent for a single message. */
function overLimit(bytes: number, batched: number | undefined, limits: SendLimits): AmqpError | undefined {
  const most = batched === undefined ? limits.maxMessageBytes : limits.maxBatchBytes;
  if (bytes > most) {
    return {
      condition: "amqp:link:message-size-exceeded",
      description: `The received message (size:${bytes} bytes) exceeds the limit (${most} bytes) currently allowed on the link.`,
    };
  }
  if (batched === undefined || batched <= limits.maxBatchMessages) return undefined;
  // The service does not name this limit: github.com/Azure/azure-service-bus issue 397.
  return {
    condition: "amqp:internal-error",
    description: "The service was unable to process the request; please retry the operation.",
  };
}

function reject(receiver: Receiver, delivery: Delivery, error: AmqpError): void {
  if (receiver.is_open()) delivery.reject(error);
}

function drop(receiver: Receiver): void {
  // rhea keeps its socket undeclared on the connection.
  const socket: { destroy(): void } = receiver.connection["socket"];
  socket.destroy();
}
