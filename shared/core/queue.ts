import type { PublishError } from "../errors.ts";
import type { OutboxMessage } from "./sighting.ts";

/** Told of each entry what the broker made of it; one that is not told of may be on the queue. */
export interface Outcomes<T> {
  accepted(entries: readonly T[]): void;
  refused(entry: T, error: PublishError): void;
}

/** Where messages go. */
export interface Queue {
  /**
   * Sends the entries in full batches, several at once. Resolves when each was accepted or refused; one that is refused never
   * holds the others.
   * @throws {PublishError} `ambiguous` or `unavailable`: nothing more was begun, what had been begun was waited for
   */
  sendAll<T extends { readonly message: OutboxMessage }>(
    entries: AsyncIterable<T>,
    outcomes: Outcomes<T>,
  ): Promise<void>;
  /** Never rejects: what was accepted stays accepted. */
  close(): Promise<void>;
}
