import type { OutboxMessage } from "./sighting.ts";

/** The key of a message in the outbox. */
export interface OutboxPlace {
  readonly partition: string;
  readonly key: string;
}

/** A message in the outbox. */
export interface OutboxEntry extends OutboxPlace {
  readonly kind: "message";
  readonly message: OutboxMessage;
}

/** A row that can't be sent. It is logged, skipped and kept. */
interface MalformedEntry extends OutboxPlace {
  readonly kind: "malformed";
  readonly reason: string;
}

export type OutboxItem = OutboxEntry | MalformedEntry;

/** A survey of the outbox, which reads keys only. */
export interface OutboxSurvey {
  readonly depth: number;
  /** When the oldest message was committed; absent: the outbox is empty. */
  readonly oldest?: Date;
  /** Partitions that have messages, waves first. */
  readonly partitions: readonly string[];
}

/** Messages that are committed with the state and not yet accepted by the broker. Methods throw `StateError` and `StateNewerError`. */
export interface Outbox {
  /** Counts the messages. */
  survey(): Promise<OutboxSurvey>;
  /** Writes one row and deletes it, to prove that both work: a pass that can't delete must not send (R17). */
  prove(): Promise<void>;
  /** Reads the messages of `partitions`: waves first, then the oldest first. A bounded number of them is in memory. */
  read(partitions: readonly string[]): AsyncIterator<OutboxItem>;
  /** Deletes up to 100 messages of one partition. A message that another pass has deleted already counts as deleted. */
  remove(partition: string, keys: readonly string[]): Promise<void>;
}
