import { createServer, type Server, type Socket } from "node:net";
import rhea, { type Connection, type Container, type EventContext, type Receiver, type Sender } from "rhea";
import { parseAddress, type Address } from "./address.ts";
import { acceptSocket, keepBytes, markDisconnected, tellApart, type AmqpError } from "./amqp.ts";
import { startConsumers, type Consumers } from "./consumers.ts";
import type { BrokerHooks } from "./hooks.ts";
import { noJournal, openJournal, readJournal, type Journal } from "./journal.ts";
import { startProducers, type Producers } from "./producers.ts";
import { Queue, type StoredMessage } from "./queue.ts";
import { answerRequest } from "./requests.ts";

export interface BrokerOptions {
  /** Default: `sightings`. */
  readonly queues?: readonly string[];
  /** Default: any free port. */
  readonly port?: number;
  /** Where the journal is kept. Absent: in memory. One broker a directory. */
  readonly directory?: string;
  /** For how long a message id is remembered; default 7 days, the service's longest. */
  readonly duplicateDetection?: { readonly windowMs: number } | false;
  /** Default: 5 minutes. */
  readonly lockDurationMs?: number;
  /** Default: 10. */
  readonly maxDeliveryCount?: number;
  /** Defaults: 262,144 bytes and 4,500 messages, the Standard tier's. */
  readonly maxMessageBytes?: number;
  readonly maxBatchBytes?: number;
  readonly maxBatchMessages?: number;
  /** The clock of locks and of de-duplication. A lock is looked at every 100 ms of real time. */
  readonly now?: () => Date;
  readonly hooks?: BrokerHooks;
}

export interface Broker {
  readonly port: number;
  /** For `ServiceBusClient`: plain TCP on this machine; its key is no secret. */
  readonly connectionString: string;
  /** Transfers answered "accepted" since the start; a batch is one. */
  readonly acceptedSends: number;
  /** Messages dropped since the start because their id was known. */
  readonly duplicates: number;
  /** May be exchanged at any time. */
  hooks: BrokerHooks;
  /** In order, locked and deferred ones too. @throws {Error} when there is no such queue */
  messages(queue: string): readonly StoredMessage[];
  deadLetters(queue: string): readonly StoredMessage[];
  /** Cuts every connection; resolves when the port is free and the journal closed. */
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;
const EXPIRY_CHECK_MS = 100;

/**
 * Starts an AMQP 1.0 broker on loopback that `@azure/service-bus` and other clients take for a Service Bus namespace: queues
 * with dead-letter queues, peek-lock, duplicate detection. No transactions, sessions, topics, scheduling or time-to-live.
 * @throws {Error} when the port is taken or the journal is damaged
 */
export async function startBroker(options: BrokerOptions = {}): Promise<Broker> {
  const names = options.queues ?? ["sightings"];
  const queues = new Map(names.map((name) => [name, new Queue(name, rulesOf(options))]));
  const journal = await restore(queues, options.directory);
  const consumers = startConsumers();
  for (const queue of queues.values()) queue.start(journal, () => consumers.pump());

  const state = { hooks: options.hooks ?? {} };
  const limits = {
    maxMessageBytes: options.maxMessageBytes ?? 262_144,
    maxBatchBytes: options.maxBatchBytes ?? 262_144,
    maxBatchMessages: options.maxBatchMessages ?? 4_500,
  };
  const producers = startProducers(limits, () => state.hooks, missingEntity);
  const queueNamed = (name: string): Queue | undefined =>
    state.hooks.entityMissing === true ? undefined : queues.get(name);
  const container = serveLinks(queueNamed, consumers, producers, limits.maxMessageBytes);

  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    if (state.hooks.refuseConnections === true) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    serveSocket(container, socket, consumers, () => sockets.delete(socket));
  });
  const port = await listen(server, options.port ?? 0);
  const expiry = setInterval(() => {
    for (const queue of queues.values()) queue.expireLocks();
  }, EXPIRY_CHECK_MS);

  const queueOf = (name: string): Queue => {
    const queue = queues.get(name);
    if (queue === undefined) throw new Error(`this broker has no queue ${name}, only ${names.join(", ")}`);
    return queue;
  };
  return {
    port,
    connectionString: `Endpoint=sb://localhost:${port};SharedAccessKeyName=local;SharedAccessKey=local;UseDevelopmentEmulator=true;`,
    get acceptedSends() {
      return producers.acceptedSends;
    },
    get duplicates() {
      return [...queues.values()].reduce((sum, queue) => sum + queue.duplicates, 0);
    },
    get hooks() {
      return state.hooks;
    },
    set hooks(hooks) {
      state.hooks = hooks;
    },
    messages: (queue) => queueOf(queue).messages("active"),
    deadLetters: (queue) => queueOf(queue).messages("dead"),
    async close() {
      clearInterval(expiry);
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of sockets) socket.destroy();
      await closed;
      await journal.close();
    },
  };
}

function rulesOf(options: BrokerOptions): ConstructorParameters<typeof Queue>[1] {
  const { duplicateDetection = { windowMs: 7 * DAY_MS } } = options;
  return {
    duplicateWindowMs: duplicateDetection === false ? undefined : duplicateDetection.windowMs,
    lockDurationMs: options.lockDurationMs ?? 300_000,
    maxDeliveryCount: options.maxDeliveryCount ?? 10,
    now: options.now ?? ((): Date => new Date()),
  };
}

async function restore(queues: ReadonlyMap<string, Queue>, directory: string | undefined): Promise<Journal> {
  if (directory === undefined) return noJournal;
  const records = await readJournal(directory);
  for (const record of records) queues.get(record.q)?.replay(record);
  // A queue that is not served this time keeps what it has.
  const kept = records.filter(({ q }) => !queues.has(q));
  for (const queue of queues.values()) for (const record of queue.records()) kept.push(record);
  return openJournal(directory, kept);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((ready, failed) => {
    server.once("error", failed);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", failed);
      const address = server.address();
      if (typeof address === "object" && address !== null) ready(address.port);
      else failed(new Error(`the broker listens at ${String(address)}, which has no port`));
    });
  });
}

function serveSocket(container: Container, socket: Socket, consumers: Consumers, gone: () => void): void {
  const connection: Connection = container.create_connection({ ...container.options, port: 0 });
  acceptSocket(connection, socket);
  socket.once("close", () => {
    gone();
    consumers.remove((link) => link.connection === connection);
    markDisconnected(connection);
  });
}

const missingEntity = (queue: string): AmqpError => ({
  condition: "amqp:not-found",
  description: `The messaging entity '${queue}' could not be found.`,
});

/** Routes each link by its address. A client's sender is a receiver here, and the other way about. */
function serveLinks(
  queueNamed: (name: string) => Queue | undefined,
  consumers: Consumers,
  producers: Producers,
  maxMessageBytes: number,
): Container {
  const container = rhea.create_container({
    id: "local-service-bus",
    max_frame_size: 65_536,
    tcp_no_delay: true,
    session_buffer_size: 8_192,
    receiver_options: { autoaccept: false, credit_window: 1_000, max_message_size: maxMessageBytes },
    sender_options: { treat_modified_as_released: false },
  });
  container.sasl_server_mechanisms.enable_anonymous();
  container.sasl_server_mechanisms.enable_plain(() => true);

  const addresses = new WeakMap<object, Address>();
  const targetOf = (receiver: Receiver): Address => {
    const address = addresses.get(receiver) ?? parseAddress(receiver.target?.address ?? "");
    addresses.set(receiver, address);
    return address;
  };
  container.on("session_open", ({ session }: EventContext) => {
    if (session === undefined) return;
    keepBytes(session, (receiver) => addresses.get(receiver)?.kind === "entity");
    tellApart(session);
  });
  container.on("receiver_open", ({ receiver }: EventContext) => {
    if (receiver === undefined) return;
    const address = targetOf(receiver);
    receiver.set_target({ address: receiver.target?.address ?? "" });
    if (receiver.source !== undefined && receiver.source !== null) receiver.set_source(receiver.source);
    if (address.kind === "cbs") return;
    if (queueNamed(address.queue) === undefined) return receiver.close(missingEntity(address.queue));
    if (address.kind === "entity" && address.from === "dead") {
      receiver.close({ condition: "amqp:not-allowed", description: "Nothing can be sent to a dead-letter queue." });
    }
  });
  container.on("sender_open", ({ sender }: EventContext) => {
    if (sender === undefined) return;
    const address = parseAddress(sender.source?.address ?? "");
    sender.set_source({ address: sender.source?.address ?? "" });
    if (sender.target !== undefined && sender.target !== null) sender.set_target({ address: sender.target.address });
    if (address.kind === "cbs") return;
    const queue = queueNamed(address.queue);
    if (queue === undefined) return sender.close(missingEntity(address.queue));
    if (address.kind === "entity") consumers.add(sender, queue, address.from);
  });
  container.on("sender_close", ({ sender }: EventContext) => consumers.remove((link: Sender) => link === sender));
  container.on("session_close", ({ session }: EventContext) =>
    consumers.remove((link: Sender) => link.session === session),
  );
  container.on("message", (context: EventContext) => {
    if (context.receiver !== undefined) void served(context, targetOf(context.receiver));
  });
  const served = async (context: EventContext, address: Address): Promise<void> => {
    if (address.kind !== "entity") return answerRequest(context, address, queueNamed);
    const queue = queueNamed(address.queue);
    if (queue === undefined) return context.receiver?.close(missingEntity(address.queue));
    return producers.receive(context, queue);
  };
  // Said by the peer about itself: nothing to do here, and without a listener rhea throws.
  for (const event of PEER_EVENTS) container.on(event, () => undefined);
  container.on("protocol_error", reportError);
  container.on("error", reportError);
  return container;
}

const PEER_EVENTS = [
  "connection_close",
  "connection_error",
  "session_error",
  "sender_error",
  "receiver_error",
  "receiver_close",
  "disconnected",
];

/** rhea catches what its listeners throw, and says it here. */
function reportError(error: unknown): void {
  console.error("local Service Bus:", error);
}
