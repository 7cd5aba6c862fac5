import { partitionsOf } from "../../shared/core/slice.ts";
import type { SightingsRetention } from "../../shared/core/stores/sightings-store.ts";
import type { WorldState } from "./world-state.ts";

/** Retention reads a partition in one effect and deletes each sighting in one of its own, in the version that it read. */
export const modelRetention = (world: WorldState, task: string) =>
  ({
    deleteExpired: async (before) => {
      const deleted = new Map<string, number>();
      for (const partition of partitionsOf("all")) {
        await world.turn(task);
        const waiting = new Set([...world.outbox.values()].map(({ message }) => message.id));
        const expired = [...world.partition(partition)]
          .filter(([, { change, lastSeen }]) => lastSeen < before && !waiting.has(change.messageId ?? ""))
          .map(([key, { etag, change }]) => ({ key, etag, detectionId: change.detectionId }));
        for (const { key, etag, detectionId } of expired) {
          await world.turn(task);
          const stored = world.partition(partition);
          if (stored.get(key)?.etag !== etag) continue;
          stored.delete(key);
          deleted.set(detectionId, (deleted.get(detectionId) ?? 0) + 1);
        }
      }
      return deleted;
    },
  }) satisfies SightingsRetention;
