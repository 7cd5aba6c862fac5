import { describe, expect, test } from "vitest";
import { recoverState } from "../../shared/operations/recover-state.ts";
import type { Source } from "../../shared/core/source.ts";
import type { Service } from "../../shared/run/run-context.ts";
import { run } from "../../shared/run/run.ts";
import { DAY, detection, HOUR, LEVEL, packOf, SETTINGS, tooLarge } from "./fixtures.ts";
import { World } from "./world.ts";

/** Each rule of docs/invariants.md by the history that loses or repeats a sighting without it. */

const A = `a${"0".repeat(39)}`;
const B = `b${"1".repeat(39)}`;
const ids = (world: World, device: string): string[] =>
  world.announcedFor(device).map(({ data }) => data.sighting.kind);

/** A run every quarter of a day up to `until`. */
async function runUntil(world: World, until: number): Promise<void> {
  for (; world.now <= until; world.now += 6 * HOUR) await world.run();
}

describe("R1 – covered-to is bounded by the newest ingestion time read before the query; a blind source does not advance", () => {
  test("a table that is protected for 8 days loses nothing that came meanwhile", async () => {
    const world = new World();
    await runUntil(world, DAY);
    world.protected = true;
    world.activities.push({ device: A, at: 2 * DAY, ingested: 2 * DAY + HOUR });
    await runUntil(world, 9 * DAY);
    expect(world.runs.at(-1)?.outcome).toBe("blind");
    world.protected = false;
    await runUntil(world, 10 * DAY);
    expect(ids(world, A)).toEqual(["new"]);
  });

  test("a clock that is hours ahead does not cover what is not there yet", async () => {
    const world = new World();
    await runUntil(world, DAY);
    // Ahead by less than a silent table's 6 hours, with an outage of more than the overlap behind it.
    world.skew = 5 * HOUR;
    await world.run();
    const covered = [...world.units.values()].map(({ coveredTo }) => coveredTo.getTime());
    expect(Math.max(...covered)).toBe(world.date().getTime());
  });

  test("a row that is ingested while the query runs is covered by no mark", async () => {
    const world = new World();
    world.silentFrom = 3 * HOUR;
    world.now = 5 * HOUR;
    await world.run();
    expect(
      [...world.units.values()].every(({ coveredTo }) => coveredTo.getTime() === world.date(3 * HOUR).getTime()),
    ).toBe(true);
  });
});

describe("R2 – coverage a unit, least covered first, stop before the limit", () => {
  test("a run that is cut off after one slice every time still reads every slice", async () => {
    const world = new World();
    world.onQuery = (slice) => (slice === "all" ? tooLarge() : undefined);
    await world.run();
    world.now += HOUR;
    world.queries.length = 0;
    // Every run dies after its first slice's coverage.
    for (let i = 0; i < 17; i++) {
      const seen = world.queries.length;
      let effects = 0;
      const covered = JSON.stringify([...world.units]);
      world.scheduler.choose = () => {
        effects += 1;
        if (world.queries.length > seen && JSON.stringify([...world.units]) !== covered)
          world.scheduler.kill("cut-off");
        return 0;
      };
      await world.scheduler.drive({ "cut-off": () => run(world.service("cut-off")) });
      expect(effects).toBeGreaterThan(0);
      world.scheduler.choose = () => 0;
      world.scheduler.revive("cut-off");
      world.now += HOUR;
    }
    expect(new Set(world.queries.map(({ slice }) => slice)).size).toBe(17);
  });

  test("no unit is taken once the budget is used up, and what is left is said", async () => {
    const world = new World();
    world.settings = { ...SETTINGS, budget: -1 };
    const record = await world.run();
    expect(record).toMatchObject({ outcome: "partial", unitsLeft: 1 });
    expect(world.units.size).toBe(0);
  });
});

describe("R3 – a file's own window bounds the plan, and the rest is said", () => {
  test("an outage of 8 days with `ago(5d)` in the file is a gap of 3 days in the record", async () => {
    const world = new World();
    world.packs = [packOf([detection(LEVEL)], { ownWindow: 5 * DAY })];
    await world.run();
    world.now = 8 * DAY;
    const record = await world.run();
    expect(record?.gaps).toEqual([
      { source: "main", pack: "yaml-level", from: world.date(0), to: world.date(3 * DAY) },
    ]);
    expect(world.log.some((line) => line["event"] === "coverage.gap" && line["level"] === 50)).toBe(true);
  });

  test("a first run with `ago(5d)` in the file reads five days of thirty, and the other twenty-five are logged", async () => {
    const world = new World();
    world.packs = [packOf([detection(LEVEL)], { ownWindow: 5 * DAY })];
    await world.run();
    const unread = world.log.filter((line) => line["event"] === "coverage.unread");
    expect(unread).toMatchObject([
      {
        source: "main",
        pack: "yaml-level",
        from: world.date(-30 * DAY).toISOString(),
        to: world.date(-5 * DAY).toISOString(),
      },
    ]);
  });
});

describe("R4 – late rows: ingested since covered-to − overlap, within the horizon", () => {
  test("a row that is ten days late is announced, as a late arrival", async () => {
    const world = new World();
    world.activities.push({ device: A, at: 2 * DAY, ingested: 12 * DAY });
    await runUntil(world, 13 * DAY);
    expect(world.announcedFor(A).map(({ data }) => [data.sighting.kind, data.cause])).toEqual([
      ["new", "late-arrival"],
    ]);
  });

  test("a late row that became visible after the run that should have read it is read by the next one", async () => {
    const world = new World();
    await runUntil(world, 10 * DAY);
    // Ingested before the last run's mark, and visible only after it.
    world.activities.push({ device: A, at: 2 * DAY, ingested: world.now - 6 * HOUR - HOUR });
    await world.run();
    expect(ids(world, A)).toEqual(["new"]);
  });
});

describe("R5 – one wave row a detection; the loser joins", () => {
  const devices = Array.from({ length: 12 }, (_, i) => `${(i % 16).toString(16)}${String(i).padStart(39, "0")}`);

  /** Two workspaces' worth of runs over the same rows, effect by effect in turn. */
  const race = async (turn: (n: number) => number): Promise<World> => {
    const world = new World();
    world.settings = { ...SETTINGS, waveThreshold: 3 };
    for (const device of devices) world.activities.push({ device, at: 0, ingested: 0 });
    world.now = HOUR;
    let n = 0;
    await world.runTogether((waiting) => turn(n++) % waiting.length);
    world.now += HOUR;
    await world.run();
    return world;
  };

  test.each([
    ["in turn", (n: number) => n],
    ["in turn, the other first", (n: number) => n + 1],
    ["two and one", (n: number) => (n % 3 === 2 ? 1 : 0)],
    ["one far ahead until it has opened the wave", (n: number) => (n < 45 ? 0 : n)],
  ])("two runs at once (%s) open one wave, and each device is in it once", async (_, turn) => {
    const world = await race(turn);
    expect(world.headers).toHaveLength(1);
    const [header] = world.headers;
    expect(world.received.map(({ data }) => data.device.id).toSorted()).toEqual(devices.toSorted());
    expect(new Set(world.received.map(({ wave }) => wave))).toEqual(new Set([header?.id]));
  });
});

describe("R8 – a conflict means: read, decide and build again", () => {
  test("a sighting that retention deletes while it returns is announced, as what it is then", async () => {
    const world = new World();
    world.activities.push({ device: A, at: 0, ingested: 0 }, { device: A, at: 75 * DAY, ingested: 75 * DAY });
    await runUntil(world, 74 * DAY);
    world.now = 75 * DAY + HOUR;
    const service = world.service("returning");
    const { readKeys } = service.sightings;
    let read = 0;
    const sightings = {
      ...service.sightings,
      // Retention comes between this run's last reading before the write and the write itself.
      readKeys: async (partition: string, keys: readonly string[]) => {
        const known = await readKeys(partition, keys);
        if (read++ === 1) await world.retention("returning").deleteExpired(world.date(5 * DAY + HOUR));
        return known;
      },
    };
    await world.scheduler.drive({ returning: () => run({ ...service, sightings }) });
    expect(read).toBe(3);
    expect(ids(world, A)).toEqual(["new", "new"]);
  });

  test("a refresh that conflicts is decided again: retention deleted the sighting, and the run that saw it announces it", async () => {
    const world = new World();
    // No sighting returns by dormancy: a row of a known sighting is a refresh.
    world.settings = { ...SETTINGS, dormancyDays: 0 };
    world.activities.push({ device: A, at: 0, ingested: 0 }, { device: A, at: 75 * DAY, ingested: 75 * DAY });
    await runUntil(world, 74 * DAY);
    world.now = 75 * DAY + HOUR;
    const service = world.service("refreshing");
    let deleted = 0;
    const sightings: Service["sightings"] = {
      ...service.sightings,
      refresh: async (partition, refreshes) => {
        const expired = await world.retention("refreshing").deleteExpired(world.date(5 * DAY));
        deleted += expired.get(LEVEL) ?? 0;
        return service.sightings.refresh(partition, refreshes);
      },
    };
    await world.scheduler.drive({ refreshing: () => run({ ...service, sightings }) });
    expect(deleted).toBe(1);
    expect(ids(world, A)).toEqual(["new", "new"]);
  });

  test("retention leaves a sighting that was written since it read it", async () => {
    const world = new World();
    world.activities.push({ device: A, at: 0, ingested: 0 }, { device: A, at: 75 * DAY, ingested: 75 * DAY });
    await runUntil(world, 74 * DAY);
    world.now = 75 * DAY + HOUR;
    // Retention reads all that is out of retention; then the run, in which A returns; then retention deletes.
    const before = world.date(5 * DAY);
    let deleted: ReadonlyMap<string, number> | undefined;
    let effects = 0;
    const choose = world.scheduler.choose;
    world.scheduler.choose = (waiting) => {
      const retention = waiting.indexOf("retention");
      const others = waiting.findIndex((task) => task !== "retention");
      // Up to the reading of partition a: the eleventh effect.
      return retention >= 0 && (effects++ < 11 || others < 0) ? retention : Math.max(others, 0);
    };
    await world.scheduler.drive({
      retention: async () => (deleted = await world.retention("retention").deleteExpired(before)),
      returning: () => run(world.service("returning")),
    });
    world.scheduler.choose = choose;
    expect(deleted).toEqual(new Map());
    expect(ids(world, A)).toEqual(["new", "returned"]);
    expect(world.sightings.get("a")?.size).toBe(1);
  });

  test("two runs at once announce each device once, whichever goes first", async () => {
    for (let seed = 0; seed < 40; seed++) {
      const world = new World();
      world.activities.push({ device: A, at: 0, ingested: 0 }, { device: B, at: 0, ingested: 0 });
      let state = seed;
      await world.runTogether((waiting) => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % waiting.length);
      expect([ids(world, A), ids(world, B)]).toEqual([["new"], ["new"]]);
      expect(new Set(world.sends).size).toBe(2);
    }
  });
});

describe("R9 – message bytes are built from what is committed with them; nothing left, nothing written", () => {
  /** A run whose first reading of the state is followed by another run, which finds only some of the devices. */
  async function runAround(world: World, found: readonly string[]): Promise<void> {
    const service = world.service("outer");
    const { readVersions } = service.sightings;
    let interfered = false;
    const sightings = {
      ...service.sightings,
      readVersions: async (partition: string) => {
        const known = await readVersions(partition);
        if (!interfered) {
          interfered = true;
          await run(finding(world.service("inner"), found));
        }
        return known;
      },
    };
    await world.scheduler.drive({ outer: () => run({ ...service, sightings }) });
    expect(interfered).toBe(true);
  }

  const finding = (service: Service, found: readonly string[]): Service => ({
    ...service,
    sources: service.sources.map((source) => ({
      ...source,
      query: async (...asked: Parameters<Source["query"]>) => {
        const answer = await source.query(...asked);
        const batches = [...answer.batches].map((batch) =>
          batch.filter((record) => found.includes(String(record["DeviceId"]))),
        );
        return { ...answer, batches };
      },
    })),
  });

  const BESIDE_A = `${A.slice(0, 39)}1`;

  test("after a conflict only what is still new is written, with its own message", async () => {
    const world = new World();
    world.activities.push({ device: A, at: 0, ingested: 0 }, { device: BESIDE_A, at: 0, ingested: 0 });
    await runAround(world, [A]);
    expect([ids(world, A), ids(world, BESIDE_A)]).toEqual([["new"], ["new"]]);
    const stored = [...(world.sightings.get("a")?.values() ?? [])].map(({ change }) => change.messageId);
    expect(new Set(stored)).toEqual(new Set(world.received.map(({ id }) => id)));
  });

  test("after a conflict that leaves nothing, nothing is written", async () => {
    const world = new World();
    world.activities.push({ device: A, at: 0, ingested: 0 });
    await runAround(world, [A]);
    expect(ids(world, A)).toEqual(["new"]);
    expect(world.runs.map(({ outcome }) => outcome)).toEqual(["ok", "ok"]);
  });
});

describe("R10 – loss is recognised by an epoch, not by counting", () => {
  test("a lost state stops the run before anything is announced, until an operator decides", async () => {
    const world = new World();
    world.activities.push({ device: A, at: 0, ingested: 0 });
    await world.run();
    world.loseState();
    world.now += HOUR;
    expect(await world.run()).toMatchObject({ outcome: "failed", reason: "state-lost", announced: 0 });
    expect(world.sends).toHaveLength(1);
  });

  test("devices of a detection that all retire are no loss", async () => {
    const world = new World();
    world.activities.push({ device: A, at: 0, ingested: 0 });
    await world.run();
    world.now = 80 * DAY;
    await world.retain(70);
    expect(await world.run()).toMatchObject({ outcome: "ok" });
  });

  test("`--restore` writes what was read before as known, silently, and announces what came later", async () => {
    const world = new World();
    world.activities.push({ device: A, at: 0, ingested: 0 });
    await world.run();
    world.loseState();
    // Its event lies before covered-to, its row does not: it was never told.
    world.activities.push({ device: B, at: 0, ingested: 3 * HOUR });
    world.now = 4 * HOUR;
    await world.scheduler.drive({ recoverState: () => recoverState(world.service("accept"), "restore") });
    expect(await world.run()).toMatchObject({ outcome: "ok", new: 1 });
    expect([ids(world, A), ids(world, B)]).toEqual([["new"], ["new"]]);
  });
});

describe("R11 – a changed pack reads the horizon once; a known key or a superseded id is not announced again", () => {
  test("a detection that is added is looked for in the past, and announces no known sighting again", async () => {
    const world = new World();
    const added = "11111111-1111-4111-8111-111111111111";
    world.activities.push({ device: A, at: 0, ingested: 0 }, { device: B, at: 0, ingested: 0, detection: added });
    await world.run();
    await runUntil(world, 20 * DAY);
    world.packs = [packOf([detection(LEVEL), detection(added)])];
    await world.run();
    expect(world.announcedFor(A)).toHaveLength(1);
    expect(world.announcedFor(B).map(({ data }) => data.cause)).toEqual(["rule-changed"]);
    const before = world.queries.length;
    world.now += HOUR;
    await world.run();
    expect(world.queries.at(-1)?.window.from.getTime()).toBe(world.date(world.now - 5 * DAY).getTime());
    expect(world.queries).toHaveLength(before + 1);
  });

  test("a rename announces nobody", async () => {
    const world = new World();
    const renamed = "22222222-2222-4222-8222-222222222222";
    world.activities.push(
      { device: A, at: 0, ingested: 0 },
      { device: A, at: HOUR, ingested: HOUR, detection: renamed },
    );
    await world.run();
    world.now = 2 * HOUR;
    world.packs = [packOf([detection(renamed, { supersedes: [LEVEL] })])];
    await world.run();
    expect(world.announcedFor(A)).toHaveLength(1);
    world.now = 3 * HOUR;
    await world.run();
    expect(world.announcedFor(A)).toHaveLength(1);
  });
});

describe("R14 – an entity that is refused is put aside", () => {
  test("one refused device among fifty does not hold the others, and is tried again", async () => {
    const world = new World();
    const devices = Array.from({ length: 60 }, (_, i) => `a${String(i).padStart(39, "0")}`);
    for (const device of devices) world.activities.push({ device, at: 0, ingested: 0 });
    const refused = devices[31] ?? "";
    world.refusedDevices.add(refused);
    expect(await world.run()).toMatchObject({ outcome: "partial", new: 59 });
    expect(world.log.filter((line) => line["event"] === "state.quarantined").map((line) => line["deviceId"])).toEqual([
      refused,
    ]);
    world.refusedDevices.clear();
    world.now += HOUR;
    expect(await world.run()).toMatchObject({ outcome: "ok", new: 1 });
    expect(new Set(world.received.map(({ data }) => data.device.id)).size).toBe(60);
  });
});

describe("R15 – the limit counts accepted messages", () => {
  test("refused messages at the head do not starve the queue", async () => {
    const world = new World();
    const devices = Array.from({ length: 12 }, (_, i) => `a${String(i).padStart(39, "0")}`);
    for (const device of devices) world.activities.push({ device, at: 0, ingested: 0 });
    world.announceLimit = 3;
    // Told, and all of the first three refused: more than one pass may take.
    world.deletesFail = true;
    await world.run();
    world.deletesFail = false;
    const waiting = [...world.outbox.keys()].toSorted();
    for (const key of waiting.slice(0, 3)) world.refusedMessages.add(world.outbox.get(key)?.message.id ?? "");
    for (let pass = 1; pass <= 3; pass++) {
      world.now += HOUR;
      await world.relay();
      expect(world.received).toHaveLength(3 * pass);
    }
    expect(world.outbox.size).toBe(3);
  });
});

describe("R16 – dormancy in UTC days, from lastSeen or the end of a gap", () => {
  test("a device seen every day but late in each never returns", async () => {
    const world = new World();
    world.settings = { ...SETTINGS, dormancyDays: 31 };
    // 31 days of quiet and some hours: not more than 31 days by the calendar.
    world.activities.push(
      { device: A, at: 3 * HOUR, ingested: 3 * HOUR },
      { device: A, at: 31 * DAY + 20 * HOUR, ingested: 31 * DAY + 20 * HOUR },
    );
    await runUntil(world, 33 * DAY);
    expect(ids(world, A)).toEqual(["new"]);
  });

  test("an outage of 75 days makes nobody return", async () => {
    const world = new World();
    for (let day = 0; day <= 80; day++) world.activities.push({ device: A, at: day * DAY, ingested: day * DAY });
    await world.run();
    world.now = 75 * DAY;
    const record = await world.run();
    expect(record?.gaps).toHaveLength(1);
    world.now = 76 * DAY;
    await world.run();
    expect(ids(world, A)).toEqual(["new"]);
  });
});

describe("R17 – a relay pass first proves a write and a delete", () => {
  test("while deletes fail for a week and sends work, nothing is announced every few hours", async () => {
    const world = new World();
    world.activities.push({ device: A, at: 0, ingested: 0 });
    world.deletesFail = true;
    for (let pass = 0; pass < 40; pass++, world.now += 6 * HOUR) await (pass === 0 ? world.run() : world.relay());
    expect(world.sends).toEqual([]);
    world.deletesFail = false;
    await world.relay();
    expect(ids(world, A)).toEqual(["new"]);
  });
});

describe("R18 – partial rows make `new`, nothing else", () => {
  test("an aggregate over half the rows makes no return and moves no lastSeen", async () => {
    const world = new World();
    world.activities.push(
      { device: A, at: 0, ingested: 0 },
      { device: A, at: 40 * DAY, ingested: 40 * DAY },
      { device: B, at: 40 * DAY, ingested: 40 * DAY },
    );
    await runUntil(world, 39 * DAY);
    world.now = 40 * DAY + HOUR;
    world.onQuery = () => ({ partial: () => true });
    const covered = JSON.stringify([...world.units.values()].map(({ coveredTo }) => coveredTo));
    expect(await world.run()).toMatchObject({ outcome: "failed", new: 1, returned: 0 });
    expect(ids(world, A)).toEqual(["new"]);
    expect(JSON.stringify([...world.units.values()].map(({ coveredTo }) => coveredTo))).toBe(covered);
    world.onQuery = () => undefined;
    world.now += HOUR;
    await world.run();
    expect([ids(world, A), ids(world, B)]).toEqual([["new", "returned"], ["new"]]);
  });
});

describe("R18 – a restore takes no partial answer", () => {
  test("it reads finer slices, and restores the devices that the answer left out", async () => {
    const world = new World();
    const leftOut = `ac${"2".repeat(38)}`;
    world.activities.push({ device: A, at: 0, ingested: 0 }, { device: leftOut, at: 0, ingested: 0 });
    await world.run();
    expect([ids(world, A), ids(world, leftOut)]).toEqual([["new"], ["new"]]);
    world.loseState();
    world.now += HOUR;
    let partial = 0;
    world.onQuery = (slice) => {
      if (slice === "all" || slice.other || slice.prefix !== "a") return undefined;
      partial += 1;
      return { partial: (device) => device === A };
    };
    await world.scheduler.drive({ restoring: () => recoverState(world.service("restoring"), "restore") });
    expect(partial).toBe(1);
    world.onQuery = () => undefined;
    expect(await world.run()).toMatchObject({ outcome: "ok", new: 0 });
    expect([ids(world, A), ids(world, leftOut)]).toEqual([["new"], ["new"]]);
  });
});

describe("R19 – message ids carry announcement, day and epoch", () => {
  test("a state that is announced again is announced under new ids, within the broker's window too", async () => {
    const world = new World();
    world.activities.push({ device: A, at: 0, ingested: 0 });
    await world.run();
    world.loseState();
    world.now += HOUR;
    await world.scheduler.drive({ recoverState: () => recoverState(world.service("accept"), "announce-again") });
    await world.run();
    expect(ids(world, A)).toEqual(["new", "new"]);
    expect(new Set(world.sends).size).toBe(2);
  });

  test("a sighting that retention deleted and that comes back is announced under a new id", async () => {
    const world = new World();
    world.dedupeWindow = 1000 * DAY;
    world.activities.push({ device: A, at: 0, ingested: 0 }, { device: A, at: 75 * DAY, ingested: 75 * DAY });
    await world.run();
    world.now = 74 * DAY;
    await world.retain(70);
    await runUntil(world, 76 * DAY);
    expect(ids(world, A)).toEqual(["new", "new"]);
  });
});

describe("R20 – epoch row, then Coverage; a baseline is no gap", () => {
  test("a crash at any effect of the first run stops nothing for ever and looks like no loss", async () => {
    for (let effect = 0; effect < 60; effect++) {
      const world = new World();
      world.activities.push({ device: A, at: 0, ingested: 0 });
      await world.runThenDie(effect);
      world.now += HOUR;
      expect(await world.run(), `killed before effect ${effect}`).toMatchObject({ outcome: "ok" });
      expect(ids(world, A), `killed before effect ${effect}`).toEqual(["new"]);
    }
  });

  test("a changed pack does not swallow a return", async () => {
    const world = new World();
    world.activities.push({ device: A, at: 0, ingested: 0 }, { device: A, at: 45 * DAY, ingested: 45 * DAY });
    await runUntil(world, 44 * DAY);
    world.packs = [packOf([detection(LEVEL, { hash: "another" })])];
    await runUntil(world, 46 * DAY);
    expect(ids(world, A)).toEqual(["new", "returned"]);
  });
});
