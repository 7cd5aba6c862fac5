import { anyEvent, TYPES } from "../../shared/core/event.ts";
import type { Queue } from "../../shared/core/queue.ts";
import type { OutboxMessage } from "../../shared/core/sighting.ts";
import { PublishError } from "../../shared/errors.ts";
import type { WorldState } from "./world-state.ts";

/** A broker with duplicate detection, and the consumer behind it. */
export const modelQueue = (world: WorldState, task: string) =>
  ({
    sendAll: async (entries, outcomes) => {
      for await (const entry of entries) {
        await world.turn(task);
        if (world.refusedMessages.has(entry.message.id))
          outcomes.refused(entry, new PublishError("refused", "as the test wants it"));
        else {
          accept(world, entry.message);
          outcomes.accepted([entry]);
        }
      }
    },
    close: async () => {},
  }) satisfies Queue;

/** The broker takes a message, and drops it where its id came before. */
function accept(world: WorldState, message: OutboxMessage): void {
  world.sends.push(message.id);
  const before = world.accepted.get(message.id);
  if (before !== undefined && world.now - before < world.dedupeWindow) return;
  world.accepted.set(message.id, world.now);
  const event = anyEvent.parse(JSON.parse(new TextDecoder().decode(message.body)));
  if (event.type === TYPES.wave)
    world.headers.push({ id: message.id, at: world.now, detection: event.data.detection.id });
  else if (event.type === TYPES.members)
    for (const { id, device, kind, episode, cause } of event.data.members)
      world.received.push({
        id,
        at: world.now,
        wave: event.data.wave.id,
        data: { device, detection: event.data.detection, sighting: { kind, episode }, cause },
      });
  else world.received.push({ id: message.id, at: world.now, data: event.data });
}
