import { expect, test } from "vitest";
import { run } from "../../shared/run.ts";
import { HOUR, World } from "../model/world.ts";

test("of many workspaces four units are worked at once, each answer given back before the next is taken", async () => {
  const world = new World();
  world.activities.push({ device: "a".repeat(40), at: 0, ingested: HOUR });
  world.now = 2 * HOUR;
  const service = world.service("run");
  let held = 0;
  let most = 0;
  const workspaces = service.workspaces.flatMap(({ source, ...workspace }) =>
    Array.from({ length: 9 }, (_, i) => ({
      ...workspace,
      name: `w${i}`,
      source: {
        ...source,
        query: async (...asked: Parameters<typeof source.query>) => {
          const answer = await source.query(...asked);
          held += 1;
          most = Math.max(most, held);
          return { ...answer, discard: () => void (held -= 1) };
        },
      },
    })),
  );
  await world.scheduler.drive({ run: () => run({ ...service, workspaces }) });
  expect(world.runs.at(-1)).toMatchObject({ outcome: "ok", new: 1, queries: 18 });
  expect(most).toBe(4);
  expect(held).toBe(0);
});
