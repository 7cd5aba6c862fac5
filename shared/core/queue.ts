import type { PublishError } from "../errors.ts";
import type { OutboxMessage } from "./sighting.ts";

/** Receives the broker's answer for each entry. An entry without an answer may be on the queue. */
export interface Outcomes<T> {
  accepted(entries: readonly T[]): void;
  refused(entry: T, error: PublishError): void;
}

/** The queue to which messages are sent. */
export interface Queue {
  /**
   * Sends the entries in full batches, several at once. Resolves when each entry was accepted or refused. A refused entry does not
   * stop the others.
   * @throws {PublishError} `ambiguous` or `unavailable`: no further batch was begun, and the batches in flight have ended
   */
  sendAll<T extends { readonly message: OutboxMessage }>(
    entries: AsyncIterable<T>,
    outcomes: Outcomes<T>,
  ): Promise<void>;
  /** Closes the connection. Never rejects: accepted messages stay accepted. */
  close(): Promise<void>;
}
