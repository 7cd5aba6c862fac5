import type { Outbox, OutboxEntry, OutboxSurvey } from "../core/outbox.ts";
import type { Queue } from "../core/queue.ts";
import { PublishError, StateError, StateNewerError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { describeError } from "../logger.ts";
import type { Deletions } from "./delete-sent.ts";
import { deleteSent } from "./delete-sent.ts";

export interface RelayResult {
  /** Messages that the broker accepted, and that it refused. */
  readonly sent: number;
  readonly refused: number;
  /** Messages in the outbox after the pass, and the age of the oldest one. */
  readonly depth: number;
  readonly oldestSeconds: number;
  /** Why the pass ended early. Kind: a `PublishErrorKind`, `state` (can't be read, written or deleted) or `state-newer`. */
  readonly failed?: { readonly kind: string; readonly message: string };
}

export interface RelayOptions {
  readonly outbox: Outbox;
  /** Opens the queue. Called only when there is a message to send. */
  readonly queue: () => Promise<Queue>;
  readonly log: Logger;
  /** Greatest number of accepted messages a pass. */
  readonly limit: number;
  /** Milliseconds after which no further message is taken. */
  readonly budgetMs: number;
  readonly now: () => Date;
}

interface PassCounters {
  sent: number;
  refused: number;
}

/** Greatest number of accepted messages that are not deleted yet: a crash sends these again. */
const MAX_UNREMOVED = 2_000;

/**
 * Runs one pass over the outbox: proves a write and a delete, sends waves first and then the oldest first, deletes the accepted
 * messages. Two passes at once are safe: both send the same ids. A failure that a later pass can repeat is in the result; every
 * other one rejects.
 */
export async function relay(options: RelayOptions): Promise<RelayResult> {
  const { outbox, log } = options;
  const counters: PassCounters = { sent: 0, refused: 0 };
  const deletions = deleteSent(outbox);
  let before: OutboxSurvey = { depth: 0, partitions: [] };
  let failure: unknown;
  try {
    before = await outbox.survey();
    // R17: before the queue is opened, on every pass. A pass that can't delete would send the same messages every few minutes.
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

  /** Takes up to `max` messages; the rest stays for another round or pass. */
  async function* takeUpTo(max: number): AsyncGenerator<OutboxEntry, void, undefined> {
    for (let taken = 0; taken < max;) {
      await deletions.waitForSpace(MAX_UNREMOVED);
      const next = timeIsUp() || deletions.failure !== undefined ? END : await items.next();
      if (next.done === true) {
        ended = true;
        return;
      }
      if (next.value.kind === "malformed") {
        const { partition, key, reason } = next.value;
        log.error(
          { event: "outbox.malformed", partition, key, reason },
          "this row of the outbox can't be sent; it was changed by hand: fix it or delete it",
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
    // R15: a refused message does not count against the limit, so the next round takes another in its place.
    while (!ended && counters.sent < limit) {
      await queue.sendAll(takeUpTo(limit - counters.sent), {
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

/** The outbox after the pass. It is counted again only where some messages were deleted and others are left. */
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

/** Kind and message of a pass's failure. @throws every other error */
function toFailed(error: unknown): NonNullable<RelayResult["failed"]> {
  if (error instanceof PublishError) return { kind: error.kind, message: error.message };
  if (error instanceof StateNewerError) return { kind: "state-newer", message: error.message };
  if (error instanceof StateError) return { kind: "state", message: error.message };
  throw error;
}
