import type { Outbox, OutboxPlace } from "../core/outbox.ts";
import { chunksOf } from "../core/split-list.ts";
import { MAX_ENTITIES } from "../core/stores/write-outcome.ts";

/** Accepted messages that are deleted together. More fill the transactions, which is cheaper; but a crash sends all of them again. */
const DELETE_BATCH = 500;
/** Transactions in flight at once. */
const CONCURRENCY = 4;

export interface Deletions {
  /** Adds messages that the broker has accepted. They are deleted soon, while others are being sent. */
  add(places: readonly OutboxPlace[]): void;
  /** Resolves when fewer than `limit` messages wait to be deleted, or a deletion has failed. */
  waitForSpace(limit: number): Promise<void>;
  /** Deletes the rest, and tries failed deletions once more. Never rejects. */
  settle(): Promise<void>;
  readonly removed: number;
  /** The error of the first deletion that failed. */
  readonly failure: unknown;
}

/** Deletes accepted messages in transactions by partition, while others are being sent. */
export function deleteSent(outbox: Pick<Outbox, "remove">): Deletions {
  let waiting = new Map<string, string[]>();
  let count = 0;
  let removed = 0;
  let failure: unknown;
  let running: Promise<void> | undefined;

  const put = (partition: string, keys: readonly string[]): void => {
    waiting.set(partition, [...(waiting.get(partition) ?? []), ...keys]);
    count += keys.length;
  };

  const flush = async (): Promise<void> => {
    const groups = [...waiting].flatMap(([partition, keys]) =>
      chunksOf(keys, MAX_ENTITIES).map((chunk) => ({ partition, keys: chunk })),
    );
    waiting = new Map();
    const worker = async (): Promise<void> => {
      for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
        count -= group.keys.length;
        try {
          await outbox.remove(group.partition, group.keys);
          removed += group.keys.length;
        } catch (error) {
          failure ??= error;
          put(group.partition, group.keys);
        }
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  };

  const start = (): void => {
    if (running !== undefined || count < DELETE_BATCH || failure !== undefined) return;
    running = flush().finally(() => {
      running = undefined;
      start();
    });
  };

  return {
    add(places) {
      for (const { partition, key } of places) {
        const keys = waiting.get(partition);
        if (keys) keys.push(key);
        else waiting.set(partition, [key]);
      }
      count += places.length;
      start();
    },
    async waitForSpace(limit) {
      const isFull = (): boolean => count >= limit;
      for (let flushing = running; flushing !== undefined && isFull(); flushing = running) await flushing;
    },
    async settle() {
      for (let flushing = running; flushing !== undefined; flushing = running) await flushing;
      await flush();
    },
    get removed() {
      return removed;
    },
    get failure() {
      return failure;
    },
  };
}
