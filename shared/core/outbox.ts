import type { OutboxMessage } from "./sighting.ts";

/** Where a message stands while it waits. */
export interface OutboxPlace {
  readonly partition: string;
  readonly key: string;
}

/** A message that waits. */
export interface OutboxEntry extends OutboxPlace {
  readonly kind: "message";
  readonly message: OutboxMessage;
}

/** A row that can't be sent as it stands: said, passed over, kept. */
interface MalformedEntry extends OutboxPlace {
  readonly kind: "malformed";
  readonly reason: string;
}

export type OutboxItem = OutboxEntry | MalformedEntry;

/** What waits, by keys alone. */
export interface OutboxSurvey {
  readonly depth: number;
  /** When the oldest was committed; absent: nothing waits. */
  readonly oldest?: Date;
  /** Those that hold any, waves first. */
  readonly partitions: readonly string[];
}

/** Messages that are committed with the state and not yet taken by the broker. Methods throw `StateError` and `StateNewerError`. */
export interface Outbox {
  survey(): Promise<OutboxSurvey>;
  /** Writes one row and deletes it: who can't delete must not send (R17). */
  prove(): Promise<void>;
  /** Waves first, then oldest first over all `partitions`; a bounded number is held. */
  read(partitions: readonly string[]): AsyncIterator<OutboxItem>;
  /** Up to 100 of one partition. One that another pass has deleted is none the less deleted. */
  remove(partition: string, keys: readonly string[]): Promise<void>;
}
