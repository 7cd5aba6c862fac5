import type { Outbox } from "../../shared/core/outbox.ts";
import { StateError } from "../../shared/errors.ts";
import type { ModelMessage, WorldState } from "./world-state.ts";

/** Messages that are committed and not yet sent. */
export function modelOutbox(world: WorldState, task: string) {
  // Waves first, then oldest first.
  const rank = ([key, { partition }]: [string, ModelMessage]): string => `${partition === "wave" ? 0 : 1}${key}`;
  const ordered = (): [string, ModelMessage][] => [...world.outbox].toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
  return {
    survey: async () => {
      await world.turn(task);
      const times = [...world.outbox.values()].map(({ createdAt }) => createdAt.getTime());
      return {
        depth: world.outbox.size,
        partitions: [...new Set(ordered().map(([, { partition }]) => partition))],
        ...(times.length > 0 && { oldest: new Date(Math.min(...times)) }),
      };
    },
    prove: async () => {
      await world.turn(task);
      if (world.deletesFail) throw new StateError("deletes fail");
    },
    // As it is when the reading begins: what another pass deletes meanwhile is sent again, under the same id.
    async *read(partitions) {
      for (const [key, { message, partition }] of ordered())
        if (partitions.includes(partition)) yield { kind: "message", message, partition, key };
    },
    remove: async (_partition, keys) => {
      await world.turn(task);
      if (world.deletesFail) throw new StateError("deletes fail");
      for (const key of keys) world.outbox.delete(key);
    },
  } satisfies Outbox;
}
