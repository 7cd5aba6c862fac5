import { halvesOf } from "../core/split-list.ts";
import type { WriteOutcome } from "../core/stores/write-outcome.ts";
import { MAX_ATTEMPTS } from "../core/stores/write-outcome.ts";
import { StateError } from "../errors.ts";

/** `too-much`: nothing was written; the messages of the batch need more than one transaction. */
export type CommitOutcome = WriteOutcome | { readonly kind: "too-much" };

/** How items of one partition become writes of one transaction. `State`: the known records that the decisions are made against. */
export interface RetryableBatch<Item, State, Write> {
  readonly partition: string;
  /** Reads the state again, after a conflict. */
  readonly reload: (items: readonly Item[]) => Promise<State>;
  /** Pure. At most one write an item; an item that needs none is left out. */
  readonly decide: (items: readonly Item[], state: State) => readonly Write[];
  /** Writes of different kinds never share a transaction. */
  readonly kindOf: (write: Write) => string;
  readonly itemOf: (write: Write) => Item;
  /** One transaction: all writes or none. They are of one kind. */
  readonly commit: (writes: readonly Write[]) => Promise<CommitOutcome>;
  /** The item whose entity has this index in the transaction; `undefined` where the index names none. */
  readonly itemAt: (writes: readonly Write[], index: number) => Item | undefined;
  readonly committed: (writes: readonly Write[]) => void;
  /** This one item is refused by the service (R14). */
  readonly quarantine: (item: Item, reason: string) => void;
}

/**
 * Commits items in transactions until each is written or quarantined. R8: after a conflict it reads, decides and builds again. R9: where
 * no write is left, nothing is written. R14: the one entity that is refused must not block its neighbours: where the service names it, it
 * is tried alone first, else it is found by halving.
 * @throws {StateError} when a transaction conflicts `MAX_ATTEMPTS` times; what `reload` and `commit` throw
 */
export async function commitWithRetry<Item, State, Write>(
  items: readonly Item[],
  state: State,
  batch: RetryableBatch<Item, State, Write>,
): Promise<void> {
  let current = state;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (attempt > 0) current = await batch.reload(items);
    const writes = batch.decide(items, current);
    if (writes.length === 0) return;
    const kinds = Map.groupBy(writes, batch.kindOf);
    if (kinds.size > 1)
      return commitParts(
        [...kinds.values()].map((ofKind) => ofKind.map(batch.itemOf)),
        current,
        batch,
      );
    const outcome = await batch.commit(writes);
    switch (outcome.kind) {
      case "done":
        batch.committed(writes);
        return;
      case "too-much":
        return commitParts(halvesOf(writes.map(batch.itemOf)), current, batch);
      case "refused":
        return isolateRefused(writes, outcome, current, batch);
      case "conflict":
    }
  }
  throw new StateError(
    `sightings of partition ${batch.partition} still conflict after ${MAX_ATTEMPTS} attempts: other runs keep writing them; the next run tries again`,
  );
}

async function commitParts<Item, State, Write>(
  parts: readonly (readonly Item[])[],
  state: State,
  batch: RetryableBatch<Item, State, Write>,
): Promise<void> {
  for (const part of parts) await commitWithRetry(part, state, batch);
}

async function isolateRefused<Item, State, Write>(
  writes: readonly Write[],
  { index, reason }: Extract<WriteOutcome, { kind: "refused" }>,
  state: State,
  batch: RetryableBatch<Item, State, Write>,
): Promise<void> {
  const items = writes.map(batch.itemOf);
  const [only] = items;
  if (items.length === 1 && only !== undefined) return batch.quarantine(only, reason);
  const suspect = index === undefined ? undefined : batch.itemAt(writes, index);
  const parts = suspect === undefined ? halvesOf(items) : [[suspect], items.filter((item) => item !== suspect)];
  return commitParts(parts, state, batch);
}
