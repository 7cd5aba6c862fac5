import type { Outbox, OutboxEntry, OutboxSurvey } from "../core/outbox.ts";
import type { Queue } from "../core/queue.ts";
import { PublishError, StateError, StateNewerError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { describeError } from "../logger.ts";
import type { Deletions } from "./delete-sent.ts";
import { deleteSent } from "./delete-sent.ts";

export interface RelayResult {
  /** Messages the broker accepted, and refused. */
  readonly sent: number;
  readonly refused: number;
  /** What waits after the pass, and for how long the oldest has. */
  readonly depth: number;
  readonly oldestSeconds: number;
  /** Why the pass ended before it was through. Kind: a `PublishErrorKind`, `state` (can't be read, written or deleted) or `state-newer`. */
  readonly failed?: { readonly kind: string; readonly message: string };
}

export interface RelayOptions {
  readonly outbox: Outbox;
  /** Asked for only when there is something to send. */
  readonly queue: () => Promise<Queue>;
  readonly log: Logger;
  /** Accepted messages a pass. */
  readonly limit: number;
  /** Milliseconds after which no further message is taken. */
  readonly budgetMs: number;
  readonly now: () => Date;
}

interface PassCounters {
  sent: number;
  refused: number;
}

/** Accepted messages whose rows stand yet, at most: what a crash sends again. */
const MAX_UNREMOVED = 2_000;

/**
 * One pass over the outbox, design §3: prove a write and a delete, send waves first and then oldest first, delete what was
 * accepted. Two passes at once are safe: both send the same ids. Never rejects for what a later pass can repeat.
 */
export async function relay(options: RelayOptions): Promise<RelayResult> {
  const { outbox, log } = options;
  const counters: PassCounters = { sent: 0, refused: 0 };
  const deletions = deleteSent(outbox);
  let before: OutboxSurvey = { depth: 0, partitions: [] };
  let failure: unknown;
  try {
    before = await outbox.survey();
    // R17: before the queue is opened, on every pass: who can't delete would send the same every few minutes for ever.
    await outbox.prove();
    if (before.depth > 0) await drain(options, before, counters, deletions);
  } catch (error) {
    failure = error;
  }
  const failed = failure === undefined ? undefined : toFailed(failure);
  if (failed)
    log.error(
      { event: "relay.failed", kind: failed.kind, error: describeError(failure) },
      "the outbox was not drained; the next pass tries again",
    );
  const after = await surveyAfter(outbox, before, deletions);
  return {
    ...counters,
    depth: after.depth,
    oldestSeconds: after.oldest
      ? Math.max(0, Math.round((options.now().getTime() - after.oldest.getTime()) / 1000))
      : 0,
    ...(failed && { failed }),
  };
}

async function drain(
  options: RelayOptions,
  survey: OutboxSurvey,
  counters: PassCounters,
  deletions: Deletions,
): Promise<void> {
  const { outbox, log, limit, budgetMs } = options;
  const started = performance.now();
  const timeIsUp = (): boolean => performance.now() - started > budgetMs;
  const items = outbox.read(survey.partitions);
  let ended = false;

  /** As many as the limit has room for; the rest stays for another round or pass. */
  async function* some(most: number): AsyncGenerator<OutboxEntry, void, undefined> {
    for (let taken = 0; taken < most;) {
      await deletions.room(MAX_UNREMOVED);
      const next = timeIsUp() || deletions.failure !== undefined ? END : await items.next();
      if (next.done === true) {
        ended = true;
        return;
      }
      if (next.value.kind === "malformed") {
        const { partition, key, reason } = next.value;
        log.error(
          { event: "outbox.malformed", partition, key, reason },
          "this row of the outbox can't be sent; it was changed by hand: mend it or delete it",
        );
        continue;
      }
      taken += 1;
      yield next.value;
    }
  }

  const queue = await options.queue();
  let failure: unknown;
  try {
    // R15: what was refused has used none of the limit, so the next round takes as many more.
    while (!ended && counters.sent < limit) {
      await queue.sendAll(some(limit - counters.sent), {
        accepted: (entries) => {
          counters.sent += entries.length;
          deletions.add(entries);
        },
        refused: ({ message, partition, key }, error) => {
          counters.refused += 1;
          log.error(
            {
              event: "message.refused",
              messageId: message.id,
              type: message.type,
              bytes: message.body.byteLength,
              partition,
              key,
              error: describeError(error),
            },
            "the queue refused this message; it stays in the outbox, the others go on",
          );
        },
      });
    }
  } catch (error) {
    failure = error;
  }
  await deletions.settle();
  await queue.close();
  if (failure !== undefined) throw failure;
  if (deletions.failure !== undefined) throw deletions.failure;
}

const END: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** Counted again only where some have gone and some are left. */
async function surveyAfter(
  outbox: Outbox,
  before: OutboxSurvey,
  { removed }: Deletions,
): Promise<Pick<OutboxSurvey, "depth" | "oldest">> {
  if (removed === 0) return before;
  if (removed >= before.depth) return { depth: 0 };
  try {
    return await outbox.survey();
  } catch (error) {
    if (!(error instanceof StateError) && !(error instanceof StateNewerError)) throw error;
    return { ...before, depth: before.depth - removed };
  }
}

/** @throws what is none of the failures that a pass can have */
function toFailed(error: unknown): NonNullable<RelayResult["failed"]> {
  if (error instanceof PublishError) return { kind: error.kind, message: error.message };
  if (error instanceof StateNewerError) return { kind: "state-newer", message: error.message };
  if (error instanceof StateError) return { kind: "state", message: error.message };
  throw error;
}
