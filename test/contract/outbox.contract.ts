import { expect } from "vitest";
import type { OutboxItem } from "../../shared/core/outbox.ts";
import type { Contract, Stores } from "./contract.ts";
import { DETECTION, device, hour, message, sighting } from "./samples.ts";

/** Commits message `n` with a sighting of its own. */
const put = ({ sightings }: Stores, n: number, partition: string, at: number) =>
  sightings.commit(partition, [{ sighting: sighting({ deviceId: device(n, partition) }) }], [message(n)], hour(at));

async function readAll({ outbox }: Stores, partitions: readonly string[]): Promise<readonly OutboxItem[]> {
  const found: OutboxItem[] = [];
  const items = outbox.read(partitions);
  for (let next = await items.next(); next.done !== true; next = await items.next()) found.push(next.value);
  return found;
}

export const outboxPort: Contract = {
  port: "Outbox",
  cases: [
    {
      title: "survey – how many wait, since when, and where; waves first",
      async check(stores) {
        const { outbox, waves } = stores;
        expect(await outbox.survey()).toEqual({ depth: 0, partitions: [] });
        await put(stores, 1, "b", 2);
        await put(stores, 2, "a", 1);
        await put(stores, 3, "a", 3);
        await waves.write(DETECTION, { tally: [] }, undefined, message(4), hour(4));
        const { depth, oldest, partitions } = await outbox.survey();
        expect({ depth, oldest }).toEqual({ depth: 4, oldest: hour(1) });
        expect(partitions[0]).toBe("wave");
        expect(partitions.toSorted()).toEqual(["a", "b", "wave"]);
      },
    },
    {
      title: "read – waves first, then oldest first over all partitions, byte for byte",
      async check(stores) {
        await put(stores, 1, "b", 2);
        await put(stores, 2, "a", 1);
        await put(stores, 3, "a", 3);
        await stores.waves.write(DETECTION, { tally: [] }, undefined, message(4), hour(4));
        const items = await readAll(stores, ["a", "b", "wave"]);
        const read = items.map((item) => {
          if (item.kind === "malformed") return item;
          const { kind, partition, message: found } = item;
          return { kind, partition, message: { ...found, body: Uint8Array.from(found.body) } };
        });
        expect(read).toEqual([
          { kind: "message", partition: "wave", message: message(4) },
          { kind: "message", partition: "a", message: message(2) },
          { kind: "message", partition: "b", message: message(1) },
          { kind: "message", partition: "a", message: message(3) },
        ]);
      },
    },
    {
      title: "read – the partitions that are asked for, and no other",
      async check(stores) {
        await put(stores, 1, "b", 2);
        await put(stores, 2, "a", 1);
        expect((await readAll(stores, ["b"])).map(({ partition }) => partition)).toEqual(["b"]);
        expect(await readAll(stores, ["c"])).toEqual([]);
      },
    },
    {
      title: "remove – what was sent; one that another pass has removed is removed all the same",
      async check(stores) {
        const { outbox } = stores;
        for (const n of [1, 2, 3]) await put(stores, n, "a", n);
        const keys = (await readAll(stores, ["a"])).map(({ key }) => key);
        await outbox.remove("a", keys.slice(0, 1));
        await outbox.remove("a", keys.slice(0, 2));
        expect((await readAll(stores, ["a"])).map(({ key }) => key)).toEqual(keys.slice(2));
        expect(await outbox.survey()).toMatchObject({ depth: 1, oldest: hour(3) });
      },
    },
    {
      title: "prove – leaves nothing behind",
      async check({ outbox }) {
        for (let i = 0; i < 2; i++) await outbox.prove();
        expect(await outbox.survey()).toEqual({ depth: 0, partitions: [] });
      },
    },
  ],
};
