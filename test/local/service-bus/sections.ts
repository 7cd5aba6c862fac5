import rhea, { type Typed } from "rhea";
import { decodeMessage, encodeMessage, encodeValue, readerOf } from "./amqp.ts";

/** Descriptor codes of AMQP 1.0, part 3.2. */
const HEADER = 0x70;
const MESSAGE_ANNOTATIONS = 0x72;
const PROPERTIES = 0x73;
const APPLICATION_PROPERTIES = 0x74;
const DATA = 0x75;
const VALUE = 0x77;

interface Section {
  readonly code: number;
  readonly value: Typed;
  readonly start: number;
  readonly end: number;
}

/** @throws {Error} when the bytes are no AMQP message */
function sectionsOf(encoded: Buffer): Section[] {
  const reader = readerOf(encoded);
  const sections: Section[] = [];
  while (reader.remaining() > 0) {
    const start = reader.position;
    const value = reader.read();
    sections.push({ code: Number(value.descriptor?.value), value, start, end: reader.position });
  }
  return sections;
}

/** The encoded messages of a batch. @throws {Error} when the envelope is no AMQP message */
export function batchedMessages(envelope: Buffer): Buffer[] {
  // The envelope's other sections repeat the first message's.
  return sectionsOf(envelope)
    .filter(({ code }) => code === DATA)
    .map(({ value }) => Buffer.from(value.value));
}

/** The message id as text; absent where the sender gave none. @throws {Error} when the bytes are no AMQP message */
export function messageIdOf(encoded: Buffer): string | undefined {
  const properties = sectionsOf(encoded).find(({ code }) => code === PROPERTIES);
  if (properties === undefined) return undefined;
  const id: unknown = decodeMessage(encoded.subarray(properties.start, properties.end)).message_id;
  if (Buffer.isBuffer(id)) return id.length === 16 ? rhea.uuid_to_string(id) : id.toString("hex");
  return typeof id === "string" || typeof id === "number" ? String(id) : undefined;
}

export interface MessageContent {
  /** The bytes of the data sections; a text body sent as a value is its UTF-8. */
  readonly body: Buffer;
  readonly contentType: string | undefined;
  readonly subject: string | undefined;
  readonly applicationProperties: Readonly<Record<string, unknown>>;
}

export function contentOf(encoded: Buffer): MessageContent {
  const decoded = decodeMessage(encoded);
  const bodies = sectionsOf(encoded).filter(({ code }) => code === DATA || code === VALUE);
  return {
    body: Buffer.concat(bodies.map(({ value }) => Buffer.from(value.value ?? ""))),
    contentType: decoded.content_type,
    subject: decoded.subject,
    applicationProperties: decoded.application_properties ?? {},
  };
}

/** What the broker adds when it hands a message out. */
export interface DeliveryFacts {
  readonly sequenceNumber: number;
  readonly enqueuedTime: Date;
  /** Earlier deliveries that failed. */
  readonly failures: number;
  readonly lockedUntil?: Date;
  readonly deferred: boolean;
  readonly deadLetter?: {
    readonly reason: string | undefined;
    readonly description: string | undefined;
    readonly source: string;
  };
}

/** The bytes of a delivery: the broker's header and annotations, then the sender's message as it came. */
export function encodeDelivery(encoded: Buffer, facts: DeliveryFacts): Buffer {
  const sections = sectionsOf(encoded);
  const sent = sections.find(({ code }) => code === MESSAGE_ANNOTATIONS);
  const head = encodeMessage({
    delivery_count: facts.failures,
    message_annotations: {
      ...(sent === undefined ? {} : decodeMessage(encoded.subarray(sent.start, sent.end)).message_annotations),
      ...annotations(facts),
    },
  });
  const headSections = sectionsOf(head)
    .filter(({ code }) => code === HEADER || code === MESSAGE_ANNOTATIONS)
    .map(({ start, end }) => head.subarray(start, end));
  const kept = sections.filter(({ code }) => code > MESSAGE_ANNOTATIONS);
  const bare = facts.deadLetter === undefined ? kept : withDeadLetterProperties(kept, facts.deadLetter);
  return Buffer.concat([
    ...headSections,
    ...bare.map((part) => (Buffer.isBuffer(part) ? part : encoded.subarray(part.start, part.end))),
  ]);
}

function annotations(facts: DeliveryFacts): Record<string, unknown> {
  const { types } = rhea;
  return {
    "x-opt-sequence-number": types.wrap_long(facts.sequenceNumber),
    "x-opt-enqueue-sequence-number": types.wrap_long(facts.sequenceNumber),
    "x-opt-enqueued-time": types.wrap_timestamp(facts.enqueuedTime.getTime()),
    "x-opt-message-state": types.wrap_int(facts.deferred ? 1 : 0),
    ...(facts.lockedUntil === undefined
      ? {}
      : { "x-opt-locked-until": types.wrap_timestamp(facts.lockedUntil.getTime()) }),
    ...(facts.deadLetter === undefined ? {} : { "x-opt-deadletter-source": facts.deadLetter.source }),
  };
}

/** Reason and description go into the application properties; the others keep their types, the body its bytes. */
function withDeadLetterProperties(
  kept: readonly Section[],
  { reason, description }: NonNullable<DeliveryFacts["deadLetter"]>,
): (Section | Buffer)[] {
  const { types } = rhea;
  const added = Object.entries({ DeadLetterReason: reason, DeadLetterErrorDescription: description }).flatMap(
    ([key, text]) => (text === undefined ? [] : [types.wrap_string(key), types.wrap_string(text)]),
  );
  if (added.length === 0) return [...kept];
  const existing = kept.find(({ code }) => code === APPLICATION_PROPERTIES);
  const map = types.wrap_map({});
  map.value = [...(existing === undefined ? [] : existing.value.value), ...added];
  const section = encodeValue(types.described(types.wrap_ulong(APPLICATION_PROPERTIES), map));
  const rest = kept.filter((part) => part !== existing);
  const after = rest.filter(({ code }) => code > APPLICATION_PROPERTIES);
  const before = rest.filter(({ code }) => code < APPLICATION_PROPERTIES);
  return [...before, section, ...after];
}
