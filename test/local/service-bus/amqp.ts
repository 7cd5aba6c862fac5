import rhea, {
  type Connection,
  type Delivery,
  type Message,
  type Sender as SendingLink,
  type Session as AmqpSession,
  type Typed,
} from "rhea";

/** What rhea has and its declarations leave out. Everything this broker needs beyond them is named here, and only here. */

/** An AMQP error: `condition` is a symbol such as `amqp:not-found`. */
export interface AmqpError {
  readonly condition: string;
  readonly description: string;
}

interface Described {
  described(): unknown;
}

interface ValueReader {
  position: number;
  remaining(): number;
  read(): Typed;
}

interface ValueWriter {
  write(value: Typed): void;
  toBuffer(): Buffer;
}

interface TransferFrame {
  readonly performative: { message_format?: number };
}

declare module "rhea/typings/types.js" {
  interface types {
    readonly Reader: new (buffer: Buffer) => ValueReader;
    readonly Writer: new () => ValueWriter;
  }
}

declare module "rhea/typings/message.js" {
  interface message {
    rejected(fields: { readonly error?: AmqpError }): Described;
  }
}

declare module "rhea/typings/session.js" {
  interface Session {
    /** Made with the session, lives as long. */
    readonly incoming: {
      on_transfer(frame: TransferFrame, receiver: object): void;
      /** Deliveries whose outcome is to be told, and the step that tells them. */
      updated: readonly object[]; // rhea puts a new list in its place
      process(session: object): void;
    };
  }
}

declare module "rhea/typings/link.js" {
  interface Sender {
    /** What the peer has given and what is not used up yet. */
    readonly credit: number;
    readonly local: { readonly attach: { snd_settle_mode: number } };
  }
}

export const readerOf = (buffer: Buffer): ValueReader => new rhea.types.Reader(buffer);

/** The encoded bytes of one value. */
export function encodeValue(value: Typed): Buffer {
  const writer = new rhea.types.Writer();
  writer.write(value);
  return writer.toBuffer();
}

/** Encodes a message of the sections given. `body` is required by rhea: without one it writes an empty value section. */
export const encodeMessage = (message: Readonly<Record<string, unknown>>): Buffer => rhea.message.encode(message);

export const decodeMessage = (bytes: Buffer): Message => {
  // rhea declares two types of this name; the decoded object is the one that events carry.
  const { body, ...sections } = rhea.message.decode(bytes);
  return { ...sections, body };
};

/** Settles a delivery that we sent with the outcome its receiver chose, or with `error` as rejected. */
export function answerSettlement(delivery: Delivery, error?: AmqpError): void {
  if (error !== undefined) return delivery.update(true, rhea.message.rejected({ error }).described());
  const chosen = delivery.remote_state;
  // A dead-lettering says why as an error; sent back, the client would take it for its own failure.
  if (chosen?.["error"]) return delivery.update(true, rhea.message.rejected({}).described());
  delivery.update(true, chosen?.["described"]());
}

/** Has rhea write what is pending on the connection: `set_drained` outside of an event does not. */
export function flush(connection: Connection): void {
  connection["_register"]();
}

/** Tells rhea that the socket is gone: it listens for `end` and `error`, and a destroyed socket has neither. */
export function markDisconnected(connection: Connection): void {
  connection["_disconnected"]();
}

/** Serves a socket: the client speaks first. */
export function acceptSocket(connection: Connection, socket: object): void {
  connection["accept"](socket);
}

/** Makes deliveries leave settled, as a receive-and-delete client asks. */
export function sendSettled(sender: SendingLink): void {
  // The attach frame is written after the open event, so it can still be changed there.
  sender.local.attach.snd_settle_mode = 1;
}

/** The format that marks a transfer of one plain message whose bytes rhea shall not decode. */
const RAW_FORMAT = 0x0f125743;

/** Service Bus's format of a batch: one data section for each encoded message. */
export const BATCH_FORMAT = 0x80013700;

/**
 * Has transfers to entities arrive as bytes: rhea decodes those of format 0 before anybody sees them. Per session, because the
 * client in the same process shares rhea's prototypes.
 */
export function keepBytes(session: AmqpSession, isEntity: (receiver: object) => boolean): void {
  const { incoming } = session;
  const plain = incoming.on_transfer.bind(incoming);
  incoming.on_transfer = (frame, receiver) => {
    if (!frame.performative.message_format && isEntity(receiver)) frame.performative.message_format = RAW_FORMAT;
    plain(frame, receiver);
  };
}

/**
 * Tells each outcome in a disposition of its own. rhea 3.0 puts neighbouring deliveries into one and compares the second outcome
 * with nothing: of an accept and a reject in one tick, both arrive as accepted, and a sender forgets what was refused.
 */
export function tellApart(session: AmqpSession): void {
  const { incoming } = session;
  const plain = incoming.process.bind(incoming);
  incoming.process = (within) => {
    const [last, ...before] = incoming.updated.toReversed();
    for (const one of before.toReversed()) {
      incoming.updated = [one];
      plain(within);
    }
    if (last !== undefined) incoming.updated = [last];
    plain(within);
  };
}
