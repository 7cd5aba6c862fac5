import type { SightingsRetention } from "../../shared/core/stores/sightings-store.ts";
import { DAY, World } from "../model/world.ts";
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
    retention: retention(world),
    outbox: world.outboxOf(TASK),
    // Each call of the model reads and writes in one step.
    race: async (theirs, ours) => {
      await theirs();
      return ours();
    },
  };
}

/** `World.retain` takes days and returns nothing: both are translated here. */
function retention(world: World): SightingsRetention {
  const detections = (): readonly string[] =>
    [...world.sightings.values()].flatMap((stored) => [...stored.values()].map(({ change }) => change.detectionId));
  const countOf = (ids: readonly string[], id: string): number => ids.filter((one) => one === id).length;
  return {
    deleteExpired: async (before) => {
      await world.scheduler.turn(TASK);
      const known = detections();
      world.retain((world.date().getTime() - before.getTime()) / DAY);
      const kept = detections();
      const deleted = [...new Set(known)].map((id) => [id, countOf(known, id) - countOf(kept, id)] as const);
      return new Map(deleted.filter(([, count]) => count > 0));
    },
  };
}
