import { ServiceBusClient, type ServiceBusMessage } from "@azure/service-bus";
import { startBroker, type Broker, type BrokerOptions } from "../local/service-bus/broker.ts";

/** A broker and clients of the unmodified SDK; ended together. */
export interface Rig {
  readonly start: (options?: BrokerOptions) => Promise<Broker>;
  readonly client: (connectionString: string) => ServiceBusClient;
  readonly end: () => Promise<void>;
}

/** Short enough to see what the SDK reports in the end, after one retry. */
const RETRY = { maxRetries: 1, retryDelayInMs: 20, timeoutInMs: 700 };

export function rig(): Rig {
  const brokers: Broker[] = [];
  const clients: ServiceBusClient[] = [];
  return {
    async start(options) {
      const broker = await startBroker(options);
      brokers.push(broker);
      return broker;
    },
    client(connectionString) {
      const client = new ServiceBusClient(connectionString, { retryOptions: RETRY });
      clients.push(client);
      return client;
    },
    async end() {
      for (const client of clients.splice(0)) await client.close();
      for (const broker of brokers.splice(0)) await broker.close();
    },
  };
}

/** A message as the service sends them: bytes with an id. */
export const message = (messageId: string, bytes = 100): ServiceBusMessage => ({
  messageId,
  body: Buffer.alloc(bytes, messageId),
});
