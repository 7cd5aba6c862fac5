import rhea, { type EventContext, type Message, type Sender } from "rhea";
import type { Address } from "./address.ts";
import type { Queue, Settlement, SubQueue } from "./queue.ts";

interface Reply {
  readonly status: number;
  readonly description: string;
  readonly condition?: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Answers a request to `$cbs` or `…/$management` on the connection it came by. */
export async function answerRequest(
  { message, delivery, connection }: EventContext,
  address: Exclude<Address, { kind: "entity" }>,
  queueNamed: (name: string) => Queue | undefined,
): Promise<void> {
  if (message === undefined || delivery === undefined) throw new Error("a request without a message");
  delivery.accept();
  const reply = await replyTo(message, address, queueNamed);
  // `reply_to` is the name of a link, or its target's address.
  const link = connection.find_sender(
    (sender: Sender) => sender.name === message.reply_to || sender.target?.address === message.reply_to,
  );
  if (link === undefined || !link.is_open()) return;
  const { types } = rhea;
  link.send({
    correlation_id: message.message_id ?? "",
    application_properties: {
      // Two spellings: token requests and management requests differ.
      "status-code": types.wrap_int(reply.status),
      "status-description": reply.description,
      statusCode: types.wrap_int(reply.status),
      statusDescription: reply.description,
      ...(reply.condition === undefined ? {} : { errorCondition: reply.condition, "error-condition": reply.condition }),
    },
    body: reply.body ?? {},
  });
}

async function replyTo(
  message: Message,
  address: Exclude<Address, { kind: "entity" }>,
  queueNamed: (name: string) => Queue | undefined,
): Promise<Reply> {
  if (address.kind === "cbs") return { status: 202, description: "Accepted" };
  const queue = queueNamed(address.queue);
  if (queue === undefined) {
    const description = `The messaging entity '${address.queue}' could not be found.`;
    return { status: 404, description, condition: "amqp:not-found" };
  }
  const operation = String(message.application_properties?.["operation"]);
  const fields: Readonly<Record<string, unknown>> = message.body ?? {};
  switch (operation) {
    case "com.microsoft:peek-message":
      return peek(queue, address.from, fields);
    case "com.microsoft:renew-lock":
      return renew(queue, fields);
    case "com.microsoft:update-disposition":
      return settle(queue, fields);
    default:
      return {
        status: 501,
        description: `The local broker does not know ${operation}.`,
        condition: "amqp:not-implemented",
      };
  }
}

function peek(queue: Queue, from: SubQueue, fields: Readonly<Record<string, unknown>>): Reply {
  const found = queue.peek(from, Number(fields["from-sequence-number"]), Number(fields["message-count"]));
  if (found.length === 0) return { status: 204, description: "No Content" };
  return { status: 200, description: "OK", body: { messages: found.map((encoded) => ({ message: encoded })) } };
}

const LOCK_LOST: Reply = {
  status: 410,
  description:
    "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.",
  condition: "com.microsoft:message-lock-lost",
};

function renew(queue: Queue, fields: Readonly<Record<string, unknown>>): Reply {
  const ends = lockTokens(fields).map((token) => queue.renew(token)?.getTime());
  const known = ends.filter((end) => end !== undefined);
  if (known.length < ends.length) return LOCK_LOST;
  const { types } = rhea;
  const TIMESTAMP = 0x83;
  return { status: 200, description: "OK", body: { expirations: types.wrap_array(known, TIMESTAMP, undefined) } };
}

/** Settlements of a client whose link is closed already. */
async function settle(queue: Queue, fields: Readonly<Record<string, unknown>>): Promise<Reply> {
  const settlement = settlementOf(fields);
  const settled = await Promise.all(lockTokens(fields).map((token) => queue.settle(token, settlement)));
  return settled.includes(false) ? LOCK_LOST : { status: 200, description: "OK" };
}

function settlementOf(fields: Readonly<Record<string, unknown>>): Settlement {
  switch (fields["disposition-status"]) {
    case "completed":
      return { kind: "complete" };
    case "suspended":
      return {
        kind: "dead-letter",
        reason: textIn(fields, "deadletter-reason"),
        description: textIn(fields, "deadletter-description"),
      };
    case "defered":
      return { kind: "defer" };
    default:
      return { kind: "abandon" };
  }
}

function textIn(fields: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = fields[key];
  return typeof value === "string" ? value : undefined;
}

/** UUIDs in plain order here; delivery tags have .NET's. */
function lockTokens(fields: Readonly<Record<string, unknown>>): string[] {
  const tokens = fields["lock-tokens"];
  if (!Array.isArray(tokens)) return [];
  return tokens.filter((token) => Buffer.isBuffer(token)).map((token) => rhea.uuid_to_string(token));
}
