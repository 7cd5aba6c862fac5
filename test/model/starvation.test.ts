import { afterEach, describe, expect, test, vi } from "vitest";
import { SourceError } from "../../shared/errors.ts";
import { run } from "../../shared/run/run.ts";
import { approvalOf, deploy, EVIDENCE } from "./deployment.ts";
import { runClock, withSources } from "./with-sources.ts";
import { DAY, detection, HOUR, LEVEL, packOf, tooLarge } from "./fixtures.ts";
import { World } from "./world.ts";

/** R2 beyond slices: whatever takes a run's time, or fails, in each run, keeps nothing else from being read in time. */

const A = `a${"0".repeat(39)}`;
const SLOW = "33333333-3333-4333-8333-333333333333";
const MINUTE = 60_000;
const LOGON = { logon: { sources: [], accountSids: [] } };

afterEach(() => void vi.restoreAllMocks());

describe("R2 – what takes a run's time, or fails, each time", () => {
  test("a pack that times out each time does not keep the others from being read", async () => {
    const world = new World();
    world.packs = [
      packOf([detection(LEVEL)], { name: "catalogue" }),
      packOf([detection(SLOW, { tool: "slow" })], { name: "yaml-slow" }),
    ];
    const time = runClock();
    for (let i = 0; i < 20; i++, world.now += 6 * HOUR) {
      if (i === 3) world.activities.push({ device: A, at: world.now, ingested: world.now });
      const service = withSources(world.service(`r${i}`), (source) => ({
        query: async (pack, ...asked) => {
          time.pass(pack.name === "yaml-slow" ? 3 * MINUTE : 10_000);
          if (pack.name === "yaml-slow") throw new SourceError("timeout", "the service gave up (504)");
          return source.query(pack, ...asked);
        },
      }));
      await world.scheduler.drive({ [`r${i}`]: () => run(service) });
    }
    expect(world.announcedFor(A)).toHaveLength(1);
  });

  test("of more sources than a run has time for, each is read by some run", async () => {
    const world = new World();
    const time = runClock();
    const names = Array.from({ length: 40 }, (_, n) => `w${n}`);
    const read = new Set<string>();
    for (let i = 0; i < 12; i++, world.now += HOUR) {
      const service = withSources(
        world.service(`r${i}`),
        (source, name) => ({
          query: async (...asked) => {
            read.add(name);
            // A minute a unit, four side by side.
            time.pass(MINUTE / 4);
            return source.query(...asked);
          },
        }),
        names,
      );
      await world.scheduler.drive({ [`r${i}`]: () => run(service) });
    }
    expect(names.filter((name) => !read.has(name))).toEqual([]);
    expect(world.runs.at(-1)?.sources.map(({ name }) => name)).toEqual(names);
  });

  test("a recheck that takes longer than a run has does not keep the units from being read", async () => {
    const world = new World();
    world.packs = [packOf([detection(LEVEL)], { name: "catalogue", evidence: EVIDENCE })];
    const devices = Array.from({ length: 3200 }, (_, i) => (i * 7919).toString(16).padStart(40, (i % 16).toString(16)));
    const added = "c".repeat(40);
    world.approvals = { version: 1, approvals: [approvalOf(world, devices)] };
    for (const device of devices) deploy(world, device, 0);
    world.now = HOUR;
    await world.run();
    expect(world.runs[0]).toMatchObject({ expected: 3200 });
    const time = runClock();
    world.now = 2 * DAY;
    world.activities.push({ device: added, at: world.now - HOUR, ingested: world.now - HOUR });
    const asked: string[] = [];
    const names = ["main", ...Array.from({ length: 9 }, (_, n) => `w${n}`)];
    for (let i = 0; i < 8; i++, world.now += HOUR) {
      const service = withSources(
        world.service(`r${i}`),
        (source) => ({
          evidence: async (pack, ask) => {
            time.pass(8000);
            if (!ask.devices.includes(added)) asked.push(...ask.devices);
            return source.evidence(pack, ask);
          },
        }),
        names,
      );
      await world.scheduler.drive({ [`r${i}`]: () => run(service) });
      // By the first of these runs, and by no other.
      expect(world.announcedFor(added)).toHaveLength(1);
    }
    // It went on where it had been cut off: each sighting was asked about once in every workspace, and the mark is that of its begin.
    expect(asked.toSorted()).toEqual(devices.flatMap((device) => names.map(() => device)).toSorted());
    expect(world.marks).toMatchObject({ recheck: world.date(2 * DAY) });
    expect(world.marks.recheckPosition).toBeUndefined();
  });

  test("a review that asks again for longer than a run has does not keep the units from being read, and ends", async () => {
    const world = new World();
    world.packs = [packOf([detection(LEVEL)], { name: "catalogue", evidence: EVIDENCE })];
    world.announceLimit = 1e6;
    world.settings = { ...world.settings, waveThreshold: 25 };
    const devices = Array.from({ length: 4500 }, (_, i) => (i % 16).toString(16) + i.toString(16).padStart(39, "0"));
    const added = "c".repeat(40);
    world.approvals = { version: 1, approvals: [] };
    for (const device of devices) deploy(world, device, 0);
    world.now = HOUR;
    await world.run();
    const time = runClock();
    world.approvals = { version: 2, approvals: [approvalOf(world, [], { arrival: LOGON })] };
    world.now = 2 * HOUR;
    world.activities.push({ device: added, at: HOUR, ingested: HOUR });
    for (let i = 0; i < 6; i++, world.now += HOUR) {
      const service = withSources(world.service(`r${i}`), (source) => ({
        evidence: async (...asked) => {
          time.pass(MINUTE);
          return source.evidence(...asked);
        },
      }));
      await world.scheduler.drive({ [`r${i}`]: () => run(service) });
      // By the first of these runs, and by no other.
      expect(world.announcedFor(added)).toHaveLength(1);
    }
    expect(world.marks.review?.version).toBe(2);
  });

  test("a part of a share that is too much for itself does not keep the parts after it from being read", async () => {
    const world = new World();
    const late = `af${"0".repeat(38)}`;
    world.activities.push({ device: late, at: 0, ingested: 0 });
    world.onQuery = (slice) =>
      slice === "all" || slice.prefix === "a" || slice.prefix === "a0" ? tooLarge() : undefined;
    const record = await world.run();
    expect(world.announcedFor(late)).toHaveLength(1);
    expect(record).toMatchObject({ outcome: "partial", sources: [{ error: expect.stringContaining("/a: ") }] });
  });

  test("a share whose parts take longer than a run has is announced all the same, and so are the shares after it", async () => {
    const world = new World();
    const time = runClock();
    const late = [`0f${"0".repeat(38)}`, `e0${"0".repeat(38)}`];
    for (const device of late) world.activities.push({ device, at: 0, ingested: 0 });
    world.onQuery = (slice) => {
      time.pass(30_000);
      return slice === "all" || (slice.prefix.length === 1 && !slice.other) ? tooLarge() : undefined;
    };
    for (let i = 0; i < 60; i++, world.now += 5.75 * HOUR) await world.run();
    expect(late.map((device) => world.announcedFor(device).length)).toEqual([1, 1]);
  });
});
