import rhea, { type Delivery, type EventContext, type Sender } from "rhea";
import { answerSettlement, flush, sendSettled } from "./amqp.ts";
import type { Queue, Settlement, SubQueue } from "./queue.ts";

interface Consumer {
  readonly link: Sender;
  readonly queue: Queue;
  readonly from: SubQueue;
  readonly mode: "lock" | "delete";
  draining: boolean;
}

export interface Consumers {
  /** Serves an attached link. A receive-and-delete client asks for settled deliveries. */
  add(link: Sender, queue: Queue, from: SubQueue): void;
  /** Forgets the links that `gone` names. */
  remove(gone: (link: Sender) => boolean): void;
  /** Hands out what is ready, soon. */
  pump(): void;
}

/** Hands messages to the links that have given credit, one each in turn, and takes their settlements. */
export function startConsumers(): Consumers {
  let consumers: Consumer[] = [];
  let scheduled = false;

  const pump = (): void => {
    if (scheduled) return;
    scheduled = true;
    // Never from within rhea's own events: a delivery must not overtake the attach that is still to be written.
    setImmediate(() => {
      scheduled = false;
      consumers = consumers.filter(({ link }) => !link.is_closed());
      const served = consumers.filter(({ link }) => link.is_open()).map((consumer) => serviceFor(consumer));
      if (served.includes(true)) pump();
    });
  };

  /** True when there may be more to hand out. */
  const serviceFor = (consumer: Consumer): boolean => {
    const { link, queue, from, mode } = consumer;
    // rhea lowers the credit when it writes, not when it is told to send.
    let credit = Math.min(link.credit, FAIR_SHARE);
    while (credit > 0 && link.sendable()) {
      const handed = queue.take(from, mode);
      if (handed === undefined) break;
      link.send(handed.bytes, tagOf(handed.lockToken), 0);
      credit -= 1;
    }
    if (queue.hasReady(from)) return link.credit > FAIR_SHARE;
    if (consumer.draining) {
      consumer.draining = false;
      // After the deliveries of this round are written and have used up their credit.
      setImmediate(() => {
        link.set_drained(true);
        flush(link.connection);
      });
    }
    return false;
  };

  return {
    add(link, queue, from) {
      const mode = link.snd_settle_mode === 1 ? "delete" : "lock";
      if (mode === "delete") sendSettled(link);
      const consumer: Consumer = { link, queue, from, mode, draining: false };
      consumers.push(consumer);
      link.on("sender_flow", pump);
      link.on("sendable", pump);
      link.on("sender_draining", () => {
        consumer.draining = true;
        pump();
      });
      for (const outcome of ["accepted", "rejected", "modified", "released"]) {
        link.on(outcome, (context: EventContext) => {
          if (context.delivery !== undefined) void settle(queue, context.delivery, outcome);
        });
      }
    },
    remove(gone) {
      consumers = consumers.filter(({ link }) => !gone(link));
    },
    pump,
  };
}

/** Deliveries to one link before the next one has its turn. */
const FAIR_SHARE = 64;

const LOCK_LOST = {
  condition: "com.microsoft:message-lock-lost",
  description:
    "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.",
};

async function settle(queue: Queue, delivery: Delivery, outcome: string): Promise<void> {
  const settled = await queue.settle(lockTokenOf(delivery.tag), settlementOf(outcome, delivery.remote_state));
  answerSettlement(delivery, settled ? undefined : LOCK_LOST);
}

function settlementOf(outcome: string, state: Delivery["remote_state"]): Settlement {
  switch (outcome) {
    case "accepted":
      return { kind: "complete" };
    case "rejected":
      return {
        kind: "dead-letter",
        reason: textIn(state, "DeadLetterReason"),
        description: textIn(state, "DeadLetterErrorDescription"),
      };
    case "modified":
      return { kind: state?.["undeliverable_here"] === true ? "defer" : "abandon" };
    default:
      return { kind: "release" };
  }
}

function textIn(state: Delivery["remote_state"], key: string): string | undefined {
  const value: unknown = state?.["error"]?.info?.[key];
  return typeof value === "string" ? value : undefined;
}

/** A lock token as a delivery tag: a GUID in .NET's byte order. */
function tagOf(lockToken: string): Buffer {
  return reordered(rhea.string_to_uuid(lockToken));
}

function lockTokenOf(tag: Buffer | string): string {
  return rhea.uuid_to_string(reordered(Buffer.from(tag)));
}

/** Its own inverse. */
function reordered(guid: Buffer): Buffer {
  const bytes = Buffer.from(guid);
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
