import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SourceError } from "../../shared/errors.ts";
import { DAY, HOUR, SETTINGS, tooLarge } from "./fixtures.ts";
import { World } from "./world.ts";
import { inTime } from "../property.ts";

/**
 * The promise itself, over random histories: every burst of a device's activity is told once. Bursts lie further apart than the
 * dormancy, so each is told as new, or as returned, or as new again after retention: once in any case.
 */

/** Days. The histories keep within what the service promises: no outage beyond the horizon, a relay within the broker's week. */
const RETENTION = 70;
const MOST_LATE = 8;
const LONGEST_OUTAGE = 18;
const LONGEST_UNRELAYED = 5;

const burst = fc.record({
  quiet: fc.integer({ min: 45, max: 110 }),
  /** Gaps between its activities, and how late each can be read. */
  activities: fc.array(
    fc.record({
      gap: fc.integer({ min: 0, max: 10 * 24 }),
      late: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: MOST_LATE * 24 })),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

const devices = fc.array(
  fc.record({
    prefix: fc.constantFrom("0", "3", "a", "f", "x"),
    start: fc.integer({ min: 0, max: 40 * 24 }),
    bursts: fc.array(burst, { minLength: 1, maxLength: 3 }),
  }),
  {
    minLength: 1,
    maxLength: 4,
  },
);

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("run" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("die" as const), effect: fc.integer({ min: 0, max: 80 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("together" as const),
      seed: fc.integer({ min: 1, max: 1_000_000 }),
      kill: fc.integer({ min: 0, max: 120 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("skew" as const), hours: fc.integer({ min: -72, max: 72 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("protect" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("slices" as const), failing: fc.integer({ min: 0, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("partial" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("retain" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("relay" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("undeletable" as const) }) },
);

const steps = fc.array(
  fc.record({ after: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 9 * 24 })), do: step }),
  { minLength: 5, maxLength: 40 },
);

test("every burst of activity is announced exactly once, whatever fails in between", { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(devices, steps, fc.constantFrom(0, 2, 3), async (given, history, waveThreshold) => {
      const world = new World();
      world.settings = { ...world.settings, waveThreshold };
      const expected = populate(world, given);
      await live(world, history);
      for (const [device, bursts] of expected) {
        const announced = world.announcedFor(device);
        expect(
          announced.map(({ data }) => data.sighting.kind),
          device,
        ).toHaveLength(bursts);
        expect(new Set(announced.map(({ id }) => id)).size, device).toBe(bursts);
        expect(announced[0]?.data.sighting.kind).toBe("new");
      }
      expect(world.outbox.size).toBe(0);
      // Whoever is told in a wave is told in one that has a header, and one only.
      const headers = world.headers.map(({ id }) => id);
      expect(new Set(headers).size).toBe(headers.length);
      for (const { wave } of world.received) if (wave !== undefined) expect(headers).toContain(wave);
    }),
    { ...inTime(300_000), numRuns: 1000 },
  );
});

type Devices = typeof devices extends fc.Arbitrary<infer D> ? D : never;
type Steps = typeof steps extends fc.Arbitrary<infer S> ? S : never;

/** Puts the activities into the world; returns how many bursts each device has. */
function populate(world: World, given: Devices): ReadonlyMap<string, number> {
  const expected = new Map<string, number>();
  for (const [i, { prefix, start, bursts }] of given.entries()) {
    const device = `${prefix}${String(i).padStart(39, "0")}`;
    let at = start * HOUR;
    for (const { quiet, activities } of bursts) {
      for (const { gap, late } of activities) {
        at += gap * HOUR;
        world.activities.push({ device, at, ingested: at + late * HOUR });
      }
      at += quiet * DAY;
    }
    expected.set(device, bursts.length);
  }
  return expected;
}

/** Takes the steps, over and over, until everything that will ever be ingested can be read; then three quiet runs. */
async function live(world: World, history: Steps): Promise<void> {
  const end = Math.max(...world.activities.map(({ ingested }) => ingested)) + HOUR;
  let healthy = 0;
  let relayed = 0;
  await world.run();
  for (let i = 0; world.now < end; i = (i + 1) % history.length) {
    const next = history[i];
    if (!next) break;
    let left = next.after * HOUR;
    while (left > 0) {
      const span = Math.min(left, 2 * DAY);
      if (world.now + span - healthy > LONGEST_OUTAGE * DAY) {
        await world.run();
        healthy = relayed = world.now;
      }
      if (world.now + span - relayed > LONGEST_UNRELAYED * DAY) {
        await world.relay();
        relayed = world.now;
      }
      world.now += span;
      left -= span;
    }
    await take(world, next.do);
    if (next.do.kind === "run") healthy = relayed = world.now;
  }
  for (let i = 0; i < 3; i++, world.now += HOUR) await world.run();
}

async function take(world: World, what: Steps[number]["do"]): Promise<void> {
  switch (what.kind) {
    case "run":
      await world.run();
      return;
    case "die":
      await world.runThenDie(what.effect);
      return;
    case "together":
      await together(world, what.seed, what.kill);
      return;
    case "skew":
      world.skew = what.hours * HOUR;
      await world.run();
      world.skew = 0;
      return;
    case "protect":
      world.protected = true;
      await world.run();
      world.protected = false;
      return;
    case "slices": {
      let n = 0;
      world.onQuery = (slice) => {
        if (slice === "all") tooLarge();
        if (n++ === what.failing) throw new SourceError("transient", "down");
        return undefined;
      };
      await world.run();
      world.onQuery = () => undefined;
      return;
    }
    case "partial":
      world.onQuery = (slice) => (slice === "all" ? { partial: (device) => device.startsWith("a") } : undefined);
      await world.run();
      world.onQuery = () => undefined;
      return;
    case "retain":
      await world.retain(RETENTION);
      return;
    case "relay":
      await world.relay();
      return;
    case "undeletable":
      world.deletesFail = true;
      await world.run();
      world.deletesFail = false;
      return;
  }
}

/** Two runs at once in a random order; one of them dies after `kill` effects, if it lives that long. */
async function together(world: World, seed: number, kill: number): Promise<void> {
  let state = seed;
  let effects = 0;
  await world.runTogether((waiting) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const chosen = state % waiting.length;
    if (effects++ === kill) world.scheduler.kill(waiting[chosen] ?? "");
    return chosen;
  });
}

test("the histories hold what they claim: settings of the model", () => {
  expect(SETTINGS.dormancyDays).toBeLessThan(45);
  expect((LONGEST_OUTAGE + MOST_LATE) * DAY).toBeLessThan(SETTINGS.horizon);
});
