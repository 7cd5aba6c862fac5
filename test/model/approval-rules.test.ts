import { describe, expect, test } from "vitest";

import type { Approval } from "../../shared/core/approval.ts";
import { SourceError } from "../../shared/errors.ts";
import { run } from "../../shared/run/run.ts";
import { approvalOf, deploy, EVIDENCE } from "./deployment.ts";
import { DAY, HOUR, LEVEL, detection, packOf } from "./fixtures.ts";
import { withSources } from "./with-sources.ts";
import { World } from "./world.ts";

/** The rules of approvals (docs/invariants.md), each by the history that announces twice, or never, without it. */

const A = `a${"0".repeat(39)}`;
const B = `b${"1".repeat(39)}`;
const NAMES = { [A]: `host-${A.slice(0, 6)}`, [B]: `host-${B.slice(0, 6)}` };

const approval = (world: World, change: Partial<Approval> & { readonly until?: number } = {}): Approval => {
  const { until = 100 * DAY, ...rest } = change;
  return approvalOf(world, Object.values(NAMES), { expires: world.date(until), ...rest });
};

function worldOf(approvals: (world: World) => readonly Approval[] = () => []): World {
  const world = new World();
  world.packs = [packOf([detection(LEVEL)], { name: "catalogue", evidence: EVIDENCE })];
  world.approvals = { version: 1, approvals: approvals(world) };
  world.now = HOUR;
  return world;
}

const apply = (world: World, approvals: readonly Approval[]): void => {
  world.approvals = { version: (world.approvals?.version ?? 0) + 1, approvals };
};

const causes = (world: World, device: string): string[] => world.announcedFor(device).map(({ data }) => data.cause);

async function runUntil(world: World, until: number): Promise<void> {
  for (; world.now <= until; world.now += 6 * HOUR) await world.run();
}

describe("R6 – the review goes over all sightings concerned, with or without rows; a newer judgement is never undone", () => {
  test("a quiet device whose approval expired is announced, long after its last row", async () => {
    const world = worldOf((made) => [approval(made, { until: 20 * DAY })]);
    deploy(world, A, 0);
    await runUntil(world, 19 * DAY);
    expect(causes(world, A)).toEqual([]);
    expect(world.runs.reduce((sum, { expected }) => sum + expected, 0)).toBe(1);
    world.now = 20 * DAY + HOUR;
    await world.run();
    expect(causes(world, A)).toEqual(["approval-ended"]);
    world.now += HOUR;
    await world.run();
    expect(causes(world, A)).toEqual(["approval-ended"]);
  });

  test("it comes before the units: a run that is cut off after it has announced all the same", async () => {
    const world = worldOf((made) => [approval(made, { until: 5 * DAY })]);
    deploy(world, A, 0);
    await world.run();
    world.now = 6 * DAY;
    world.onQuery = () => {
      throw new Error("cut off");
    };
    await world.run();
    expect(world.outbox.size + world.announcedFor(A).length).toBe(1);
  });

  test("announced first, approved after the ticket, ended later: announced then, and once", async () => {
    const world = worldOf();
    deploy(world, A, 0);
    await world.run();
    expect(causes(world, A)).toEqual(["baseline"]);
    apply(world, [approval(world)]);
    world.now += HOUR;
    await world.run();
    expect(causes(world, A)).toEqual(["baseline"]);
    apply(world, []);
    world.now += HOUR;
    await world.run();
    world.now += HOUR;
    await world.run();
    expect(causes(world, A)).toEqual(["baseline", "approval-ended"]);
  });

  test("a run that read the old set announces nothing more once a newer one is there", async () => {
    // The old set ends; a new one that goes on is applied when the first of two sightings has been told.
    const world = worldOf((made) => [approval(made, { until: 5 * DAY })]);
    deploy(world, A, 0);
    deploy(world, B, 0);
    await world.run();
    world.now = 6 * DAY;
    const choose = world.scheduler.choose;
    world.scheduler.choose = (waiting) => {
      if (world.outbox.size === 1 && world.approvals?.version === 1)
        apply(world, [approval(world, { until: 50 * DAY })]);
      return choose(waiting);
    };
    await world.run();
    world.scheduler.choose = choose;
    await runUntil(world, 8 * DAY);
    expect(causes(world, A)).toEqual(["approval-ended"]);
    expect(causes(world, B)).toEqual([]);
  });

  describe("an older set leaves alone what a newer one has judged", () => {
    test("two runs at once, and the newer set is applied at any effect", async () => {
      const announced = new Set<number>();
      for (let turn = 0; ; turn++) {
        const world = worldOf((made) => [approval(made, { until: 5 * DAY })]);
        deploy(world, A, 0);
        await world.run();
        world.now = 6 * DAY;
        let n = 0;
        // The first run alone up to here; then the second, with the newer set, to its end; then the rest of the first.
        await world.runTogether((waiting) => {
          if (n === turn) apply(world, [approval(world, { until: 50 * DAY })]);
          const first = waiting.findIndex((task) => task.startsWith("a-"));
          const second = waiting.findIndex((task) => task.startsWith("b-"));
          return Math.max(0, n++ < turn ? first : second);
        });
        if (n <= turn) break;
        world.now += HOUR;
        await world.run();
        const [stored] = [...(world.sightings.get("a")?.values() ?? [])];
        expect(stored?.change, `turn ${turn}`).toMatchObject({ disposition: "expected", approvalsVersion: 2 });
        announced.add(world.announcedFor(A).length);
      }
      // Applied before the first run's review has announced the sighting, and after it.
      expect([...announced].toSorted((a, b) => a - b)).toEqual([0, 1]);
    });

    test("a return that the run with the older set read, and whose sighting the newer one has reviewed", async () => {
      const world = worldOf();
      deploy(world, A, 0);
      await runUntil(world, 44 * DAY);
      expect(causes(world, A)).toEqual(["baseline"]);
      deploy(world, A, 45 * DAY);
      world.now = 45 * DAY + HOUR;
      const outer = withSources(world.service("outer"), (source) => ({
        query: async (...query) => {
          const answer = await source.query(...query);
          if (world.approvals?.version !== 1) return answer;
          apply(world, [approval(world)]);
          // The newer set's run reviews the sighting, and can't read the return.
          const inner = withSources(world.service("inner"), () => ({
            query: () => Promise.reject(new SourceError("transient", "cut off")),
          }));
          await run({ ...inner, settings: { ...inner.settings, budget: 1e9 } });
          return answer;
        },
      }));
      await world.scheduler.drive({ outer: () => run(outer) });
      const [reviewed] = [...(world.sightings.get("a")?.values() ?? [])];
      expect(reviewed?.change).toMatchObject({ disposition: "expected", approvalsVersion: 2, episode: 1 });
      expect(causes(world, A)).toEqual(["baseline"]);
      await runUntil(world, 47 * DAY);
      const [stored] = [...(world.sightings.get("a")?.values() ?? [])];
      expect(stored?.change).toMatchObject({ disposition: "expected", approvalsVersion: 2, episode: 2 });
      expect(causes(world, A)).toEqual(["baseline"]);
    });

    test("a recheck after the approvals were restored from a backup, at an older version", async () => {
      const world = worldOf();
      const older = world.approvals;
      apply(world, [approval(world)]);
      deploy(world, A, 0);
      await runUntil(world, DAY);
      expect(causes(world, A)).toEqual([]);
      world.approvals = older;
      world.events.push({ device: A, at: 1.5 * DAY, ingested: 1.5 * DAY, kind: "arrival" });
      await runUntil(world, 4 * DAY);
      expect(world.marks.recheck).toEqual(expect.any(Date));
      expect(causes(world, A)).toEqual([]);
      const [stored] = [...(world.sightings.get("a")?.values() ?? [])];
      expect(stored?.change).toMatchObject({ disposition: "expected", approvalsVersion: 2 });
    });
  });
});

describe("R7 – rechecks: by ingestion time, with a mark of their own, from the episode's start for recent decisions", () => {
  test("uncovered activity that is ingested days late is announced", async () => {
    const world = worldOf((made) => [approval(made)]);
    deploy(world, A, 0);
    await runUntil(world, 2 * DAY);
    expect(causes(world, A)).toEqual([]);
    world.events.push({ device: A, at: DAY, ingested: 6 * DAY, kind: "arrival", path: "c:\\temp\\evil.exe" });
    await runUntil(world, 8 * DAY);
    expect(causes(world, A)).toEqual(["new-activity"]);
  });

  test("activity between the decision and the first recheck is seen, however early its event", async () => {
    const world = worldOf((made) => [approval(made)]);
    await world.run();
    deploy(world, A, 2 * HOUR);
    world.now = 3 * HOUR;
    await world.run();
    // Ingested before the decision's own mark, after its query.
    world.events.push({
      device: A,
      at: 2.5 * HOUR,
      ingested: 3.5 * HOUR,
      kind: "arrival",
      path: "c:\\temp\\evil.exe",
    });
    await runUntil(world, 3 * DAY);
    expect(causes(world, A)).toEqual(["new-activity"]);
  });

  test("what became expected in a review is rechecked from its episode's start", async () => {
    const world = worldOf();
    deploy(world, A, 0);
    await runUntil(world, 3 * DAY);
    // Activity that no look has seen, as the sighting was not expected then.
    world.events.push({ device: A, at: 2 * DAY, ingested: 2 * DAY, kind: "arrival", path: "c:\\temp\\evil.exe" });
    apply(world, [approval(world)]);
    await runUntil(world, 6 * DAY);
    expect(causes(world, A)).toEqual(["baseline", "new-activity"]);
  });

  test("covered activity is kept and announced to nobody; a recheck that failed announces nothing and is repeated", async () => {
    const world = worldOf((made) => [approval(made)]);
    deploy(world, A, 0);
    await runUntil(world, DAY);
    world.events.push({ device: A, at: 2 * DAY, ingested: 2 * DAY, kind: "arrival" });
    await runUntil(world, 3 * DAY);
    expect(causes(world, A)).toEqual([]);
    world.events.push({ device: A, at: 3.5 * DAY, ingested: 3.5 * DAY, kind: "run", path: "c:\\temp\\evil.exe" });
    world.evidenceMissing = true;
    const mark = world.marks.recheck;
    await runUntil(world, 6 * DAY);
    expect(causes(world, A)).toEqual([]);
    expect(world.marks.recheck).toEqual(mark);
    world.evidenceMissing = false;
    await runUntil(world, 7 * DAY);
    expect(causes(world, A)).toEqual(["new-activity"]);
  });

  test("known facts at a time that the approval does not cover are new activity", async () => {
    const world = worldOf((made) => [
      approval(made, { session: { validFrom: made.date(-HOUR), validTo: made.date(2.5 * DAY) } }),
    ]);
    deploy(world, A, 0);
    // The same again within the session, twice, and once after it.
    for (const day of [1, 2, 4]) world.events.push({ device: A, at: day * DAY, ingested: day * DAY, kind: "arrival" });
    await runUntil(world, 3.5 * DAY);
    expect(causes(world, A)).toEqual([]);
    await runUntil(world, 6 * DAY);
    expect(causes(world, A)).toEqual(["new-activity"]);
  });

  test("a blind source fails the recheck", async () => {
    const world = worldOf((made) => [approval(made)]);
    deploy(world, A, 0);
    await runUntil(world, DAY);
    const mark = world.marks.recheck;
    world.protected = true;
    await runUntil(world, 4 * DAY);
    expect(world.marks.recheck).toEqual(mark);
  });
});

describe("R12 – approvals change as one set; unreadable is not empty", () => {
  test("a pointer that is gone decides nothing: the run fails, and still relays", async () => {
    const world = worldOf((made) => [approval(made)]);
    deploy(world, A, 0);
    await world.run();
    deploy(world, B, DAY, "c:\\temp\\evil.exe");
    world.approvals = undefined;
    world.now = DAY + HOUR;
    await world.run();
    expect(world.runs.at(-1)).toMatchObject({ outcome: "failed", reason: "approvals" });
    expect(world.received).toEqual([]);
    expect([...world.units.values()].every(({ coveredTo }) => coveredTo <= world.date(HOUR))).toBe(true);
    world.approvals = { version: 1, approvals: [approval(world)] };
    world.now += HOUR;
    await world.run();
    expect(causes(world, A)).toEqual([]);
    expect(causes(world, B)).toEqual(["new-activity"]);
  });
});

describe("R13 – partial evidence never covers", () => {
  test.each([
    ["what could not be looked at", (world: World) => (world.evidenceMissing = true)],
    [
      "one uncovered piece among covered ones",
      (world: World) =>
        world.events.push({ device: A, at: 0, ingested: 0, kind: "arrival", path: "c:\\temp\\evil.exe" }),
    ],
    ["no arrival at all", (world: World) => world.events.splice(0)],
    [
      "more covered pieces than can be kept whole",
      (world: World) => {
        for (let i = 0; i < 300; i++)
          world.events.push({ device: A, at: i, ingested: i, kind: "arrival", folder: `c:\\program files\\${i}` });
      },
    ],
  ])("%s: announced", async (_, spoil) => {
    const world = worldOf((made) => [approval(made)]);
    deploy(world, A, 0);
    spoil(world);
    await world.run();
    expect(causes(world, A)).toEqual(["baseline"]);
  });

  test("and with none of that, expected", async () => {
    const world = worldOf((made) => [approval(made)]);
    deploy(world, A, 0);
    await world.run();
    expect(causes(world, A)).toEqual([]);
    expect(world.runs[0]).toMatchObject({ expected: 1, announced: 0, new: 1 });
  });
});

describe("R19 – message ids carry the announcement", () => {
  test("an approval that ends twice within a day is announced twice, under two ids", async () => {
    const world = worldOf((made) => [approval(made)]);
    deploy(world, A, 0);
    await world.run();
    for (const set of [[], [approval(world)], []]) {
      apply(world, set);
      world.now += HOUR;
      await world.run();
    }
    expect(causes(world, A)).toEqual(["approval-ended", "approval-ended"]);
    expect(new Set(world.announcedFor(A).map(({ id }) => id)).size).toBe(2);
  });
});

describe("R20 – pointer, then epoch row, then Coverage", () => {
  test("a crash anywhere in the first run never stops the service", async () => {
    for (let effect = 0; effect < 45; effect++) {
      const world = worldOf();
      world.approvals = undefined;
      deploy(world, A, 0);
      await world.runThenDie(effect);
      world.now += HOUR;
      await world.run();
      expect(world.runs.at(-1)?.outcome, `effect ${effect}`).toBe("ok");
      expect(causes(world, A)).toEqual(["baseline"]);
    }
  });

  test("a pointer that vanishes once an epoch is named is a loss, and not made anew", async () => {
    const world = worldOf();
    await world.run();
    world.approvals = undefined;
    world.now += HOUR;
    await world.run();
    expect(world.runs.at(-1)?.reason).toBe("approvals");
    expect(world.approvals).toBeUndefined();
  });
});

describe("an approval over 4,000 devices that ends", () => {
  const devices = Array.from({ length: 4000 }, (_, i) => (i * 7919).toString(16).padStart(40, (i % 16).toString(16)));

  const populated = async (): Promise<World> => {
    const world = worldOf((made) => [approval(made, { devices: { names: devices } })]);
    world.settings = { ...world.settings, waveThreshold: 25 };
    for (const device of devices) deploy(world, device, 0);
    await world.run();
    expect(world.received).toEqual([]);
    apply(world, []);
    world.now += 2 * HOUR;
    return world;
  };
  const expectOneWave = (world: World): void => {
    expect(world.headers).toHaveLength(1);
    expect(world.received.map(({ data }) => data.device.id).toSorted()).toEqual(devices.toSorted());
    expect(new Set(world.received.map(({ wave }) => wave))).toEqual(new Set([world.headers[0]?.id]));
  };

  test.each([undefined, 3, 22, 24, 26, 45])(
    "is announced under one header, each device once, also after a crash before effect %s",
    async (effect) => {
      const world = await populated();
      if (effect !== undefined) await world.runThenDie(effect);
      for (let again = 0; again < 2; again++) {
        world.now += HOUR;
        await world.run();
      }
      expectOneWave(world);
    },
  );

  test.each([1, 2])("and the same with two runs at once (order %i)", async (seed) => {
    const world = await populated();
    let state = seed;
    await world.runTogether((waiting) => {
      state = (state * 48_271) % 2_147_483_647;
      return state % waiting.length;
    });
    world.now += HOUR;
    await world.run();
    expectOneWave(world);
  });
});
