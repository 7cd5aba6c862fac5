import { ServiceBusClient } from "@azure/service-bus";
import { anyEvent } from "../../../shared/core/event.ts";
import type { AnyEvent } from "../../../shared/core/event.ts";
import { QUEUE } from "./azure.ts";

/** A SOAR consumer: takes each message in peek-lock, acts on it, then completes it. */
export interface Consumer {
  /**
   * Takes all that is there; returns how many. A message leaves the queue when `act` has resolved.
   * @throws {Error} when a message lies there and does not come, or is none of the contract's
   */
  drain(act: (event: AnyEvent) => Promise<void>): Promise<number>;
  close(): Promise<void>;
}

const BATCH = 200;
/** Milliseconds to wait for a message that lies on the queue. */
const PATIENCE = 20_000;

export function openConsumer(connectionString: string, remaining: () => number): Consumer {
  const client = new ServiceBusClient(connectionString);
  // The exact bytes, as a consumer in another language gets them.
  const receiver = client.createReceiver(QUEUE, { skipParsingBodyAsJson: true });
  return {
    async drain(act) {
      let taken = 0;
      for (let waiting = remaining(); waiting > 0; waiting = remaining()) {
        // No more than there are: the SDK would wait a second for the rest.
        const messages = await receiver.receiveMessages(Math.min(waiting, BATCH), { maxWaitTimeInMs: PATIENCE });
        if (messages.length === 0)
          throw new Error(`${waiting} messages lie on the queue and were not received in ${PATIENCE / 1_000} s`);
        for (const message of messages) {
          // Acted on first: killed in between, it comes again under the same id, and is not missed.
          await act(anyEvent.parse(JSON.parse(Buffer.from(message.body).toString("utf8"))));
          await receiver.completeMessage(message);
        }
        taken += messages.length;
      }
      return taken;
    },
    async close() {
      await client.close();
    },
  };
}
