import { expect, test } from "vitest";
import type { Slice } from "../../shared/core/slice.ts";
import { run } from "../../shared/run/run.ts";
import { withSources } from "./with-sources.ts";
import { DAY, HOUR, tooLarge } from "./fixtures.ts";
import { World } from "./world.ts";

test("of many sources four units are worked at once, each answer given back before the next is taken", async () => {
  const world = new World();
  world.activities.push({ device: "a".repeat(40), at: 0, ingested: HOUR });
  world.now = 2 * HOUR;
  let held = 0;
  let most = 0;
  const service = withSources(
    world.service("run"),
    (source) => ({
      query: async (...asked) => {
        const answer = await source.query(...asked);
        held += 1;
        most = Math.max(most, held);
        return { ...answer, discard: () => void (held -= 1) };
      },
    }),
    Array.from({ length: 9 }, (_, i) => `w${i}`),
  );
  await world.scheduler.drive({ run: () => run(service) });
  expect(world.runs.at(-1)).toMatchObject({ outcome: "ok", new: 1, queries: 18 });
  expect(most).toBe(4);
  expect(held).toBe(0);
});

test("shares that had to be cut are cut at once by the next run; once a day they are tried whole", async () => {
  const world = new World();
  world.activities.push({ device: "a".repeat(40), at: 0, ingested: 0 });
  /** Queries of a run by how deep they were cut. */
  const asked = async (): Promise<Readonly<Record<string, number>>> => {
    world.queries.length = 0;
    expect(await world.run()).toMatchObject({ outcome: "ok", unitsLeft: 0 });
    const depths = Map.groupBy(world.queries, ({ slice }) => (slice === "all" ? "all" : `${slice.length}`));
    return Object.fromEntries([...depths].map(([depth, { length }]) => [depth, length]));
  };
  const isShare = (slice: Slice): boolean => slice !== "all" && slice.prefix.length === 1 && !slice.other;
  const [whole, parts] = [17, 16 * 17];
  world.onQuery = (slice) => (slice === "all" || isShare(slice) ? tooLarge() : undefined);
  expect(await asked()).toEqual({ all: 1, "1": whole, "2": parts });
  world.now += HOUR;
  // "Anything else" was never too much.
  expect(await asked()).toEqual({ "1": 1, "2": parts });

  world.now += DAY;
  await asked();
  world.now += HOUR;
  expect(await asked()).toEqual({ "1": whole, "2": parts });
  world.now += HOUR;
  expect(await asked()).toEqual({ "1": 1, "2": parts });

  // There is less now: after a day the shares are asked whole, after another all devices at once.
  world.onQuery = () => undefined;
  for (const expected of [{ "1": whole }, { all: 1 }]) {
    world.now += DAY;
    await asked();
    world.now += HOUR;
    expect(await asked()).toEqual(expected);
  }
  expect(world.announcedFor("a".repeat(40))).toHaveLength(1);
});
