import type { Finding, Reading } from "./finding.ts";
import { unread } from "./finding.ts";
import { isoDuration } from "./iso-duration.ts";
import type { ManagedQueue } from "./management.ts";

const DAY = 86_400_000;

/** The values that `infra` sets: the outbox resends for days, and a consumer needs time. Source: the service's Bicep. */
const WINDOW = { text: "7 days", ms: 7 * DAY };
const LOCK = { text: "5 minutes", ms: 5 * 60_000 };
const TTL = { text: "14 days", ms: 14 * DAY };

export interface QueueReadings {
  readonly name: string;
  /** Whether a sender's link could be opened; nothing was sent. */
  readonly link: Reading<"open">;
  readonly managed: Reading<ManagedQueue>;
}

/** Findings about the queue. Pure. */
export function assessQueue({ name, link, managed }: QueueReadings): readonly Finding[] {
  const about = `queue ${name}`;
  if (link.kind === "missing" || managed.kind === "missing")
    return [
      {
        about,
        status: "wrong",
        found:
          link.kind === "missing" ? "there is no such queue in the namespace" : "there is no queue at its resource id",
        todo: "make it (deploy infra/main.bicep), or set SERVICE_BUS_QUEUE and --queue-resource-id to the one that there is; until then messages wait in the outbox",
      },
    ];
  return [
    assessLink(about, link),
    ...(managed.kind === "read"
      ? assessProperties(about, managed.value)
      : [
          unread(
            `${about}, duplicate detection, lock and time to live`,
            managed,
            "ask with a login that has Reader on the namespace",
          ),
        ]),
  ].filter((finding) => finding !== undefined);
}

function assessLink(about: string, link: Reading<"open">): Finding {
  if (link.kind === "read") return { about, status: "ok", found: "takes messages (a link was opened, nothing sent)" };
  if (link.kind === "failed")
    return {
      about,
      status: "wrong",
      found: `it can't be reached: ${link.reason}`,
      todo: "check SERVICE_BUS_NAMESPACE, the namespace's network rules, and that port 5671 is open from here",
    };
  const todo = "nothing, where the service's own identity has Azure Service Bus Data Sender on it";
  if (link.kind === "denied") return { about, status: "unseen", found: `you may not send to it: ${link.reason}`, todo };
  return unread(about, link, todo) ?? { about, status: "unseen", found: "not looked at" };
}

function assessProperties(about: string, queue: ManagedQueue): readonly Finding[] {
  return [
    assessDuplicates(about, queue),
    assessDuration(`${about}, lock`, queue.lockDuration, LOCK, "a slow consumer loses its message to another"),
    assessDuration(
      `${about}, time to live`,
      queue.defaultMessageTimeToLive,
      TTL,
      queue.deadLetteringOnMessageExpiration === true
        ? "an unread message goes to the dead letters then"
        : "an unread message is dropped then, in silence",
    ),
    ...(queue.deadLetteringOnMessageExpiration === false
      ? [
          {
            about: `${about}, expired messages`,
            status: "wrong",
            found: "are dropped in silence",
            todo: "turn on dead-lettering on message expiration",
          } as const,
        ]
      : []),
    ...(queue.status !== undefined && queue.status !== "Active"
      ? [
          {
            about: `${about}, state`,
            status: "wrong",
            found: `it is ${queue.status}`,
            todo: "set it to Active; until then messages wait in the outbox or on the queue",
          } as const,
        ]
      : []),
  ];
}

function assessDuplicates(about: string, queue: ManagedQueue): Finding {
  const line = `${about}, duplicate detection`;
  if (queue.requiresDuplicateDetection !== true)
    return {
      about: line,
      status: "wrong",
      found: "off: a message that has to be sent again arrives twice",
      todo: "it can only be turned on when a queue is made: stop the service, drain and delete the queue, deploy infra/main.bicep",
    };
  return assessDuration(
    line,
    queue.duplicateDetectionHistoryTimeWindow,
    WINDOW,
    "a message that is sent again later than that arrives twice",
  );
}

function assessDuration(
  about: string,
  text: string | undefined,
  wanted: { readonly text: string; readonly ms: number },
  otherwise: string,
): Finding {
  const ms = isoDuration(text);
  if (ms === undefined) return { about, status: "unseen", found: `the service says ${text ?? "nothing"}` };
  if (ms >= wanted.ms) return { about, status: "ok", found: text ?? "" };
  return { about, status: "advice", found: `${text}: ${otherwise}`, todo: `set it to ${wanted.text}` };
}
