import { World } from "../model/world.ts";
import type { Stores } from "./contract.ts";

const TASK = "contract";

/** Calls `work` with a new model's world, and lets each of its effects take place as it comes. */
export async function withModelStores(work: (stores: Stores) => Promise<void>): Promise<void> {
  const world = new World();
  await world.scheduler.drive({ [TASK]: () => work(modelStores(world)) });
}

function modelStores(world: World): Stores {
  const { sightings, coverage, waves, approvals } = world.service(TASK);
  return {
    sightings,
    coverage,
    waves,
    approvals,
    retention: world.retention(TASK),
    outbox: world.outboxOf(TASK),
    // Each call of the model reads and writes in one step.
    race: async (theirs, ours) => {
      await theirs();
      return ours();
    },
  };
}
