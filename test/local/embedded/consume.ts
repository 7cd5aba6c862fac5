import { ServiceBusClient } from "@azure/service-bus";
import { sightingEvent } from "../../../shared/core/event.ts";
import type { SightingEvent } from "../../../shared/core/event.ts";
import { QUEUE } from "./azure.ts";

/** A SOAR consumer: takes each message in peek-lock, acts on it, then completes it. */
export interface Consumer {
  /** Takes what is there, until nothing comes any more. Returns how many. */
  drain(act: (event: SightingEvent) => void): Promise<number>;
  close(): Promise<void>;
}

const BATCH = 200;
/** Milliseconds without a message after which the queue counts as empty. */
const PATIENCE = 400;

export function openConsumer(connectionString: string, remaining: () => number): Consumer {
  const client = new ServiceBusClient(connectionString);
  // The exact bytes, as a consumer in another language gets them.
  const receiver = client.createReceiver(QUEUE, { skipParsingBodyAsJson: true });
  return {
    async drain(act) {
      let taken = 0;
      while (remaining() > 0) {
        const messages = await receiver.receiveMessages(BATCH, { maxWaitTimeInMs: PATIENCE });
        for (const message of messages) {
          // Acted on first: killed in between, it comes again under the same id, and is not missed.
          act(sightingEvent.parse(JSON.parse(Buffer.from(message.body).toString("utf8"))));
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
