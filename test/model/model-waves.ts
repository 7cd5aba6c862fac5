import type { WaveStore } from "../../shared/core/stores/wave-store.ts";
import type { WorldState } from "./world-state.ts";
import { outboxKey } from "./world-state.ts";

/** The wave rows. A row and the header of the wave that it opens are written together. */
export const modelWaves = (world: WorldState, task: string) =>
  ({
    read: async (detectionId) => {
      await world.turn(task);
      return world.waves.get(detectionId) ?? { state: { tally: [] } };
    },
    write: async (detectionId, state, etag, header, now) => {
      await world.turn(task);
      if (world.waves.get(detectionId)?.etag !== etag) return { kind: "conflict" };
      if (header && world.outbox.has(outboxKey("wave", header, now))) return { kind: "conflict" };
      world.waves.set(detectionId, { state, etag: world.nextEtag() });
      if (header) world.enqueue("wave", header, now);
      return { kind: "done" };
    },
  }) satisfies WaveStore;
