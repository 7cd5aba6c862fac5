import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

import { describe, expect, test } from "vitest";

import { CONTRACT_FILE } from "../../scripts/contract-schema.ts";
import { anyEvent } from "../../shared/core/event.ts";
import { membersId, waveId } from "../../shared/core/message-id.ts";
import { countAnnouncements } from "../../shared/core/wave.ts";
import { waveHeader, waveMembers } from "../../shared/core/wave-message.ts";
import { validatesContract } from "../message-schema.ts";
import { DAY, HOUR, LEVEL, detection, packOf, tooLarge } from "./fixtures.ts";
import { World } from "./world.ts";

const RARE = "00000000-0000-4000-8000-00000000000a";
const device = (i: number): string => createHash("sha1").update(`d${i}`).digest("hex");
const at = (iso: string): Date => new Date(iso);

function worldOf(threshold = 25): World {
  const world = new World();
  world.settings = { ...world.settings, waveThreshold: threshold };
  world.packs = [packOf([detection(LEVEL), detection(RARE, { tool: "rare" })])];
  return world;
}

/** Each device once, in one single or member message; members under headers that were received, before or after. */
function expectEachOnce(world: World, devices: readonly string[], detectionId = LEVEL): void {
  const announced = world.received
    .filter(({ data }) => data.detection.id === detectionId)
    .map(({ data }) => data.device.id);
  expect(announced.toSorted()).toEqual(devices.toSorted());
  const headers = new Set(world.headers.map(({ id }) => id));
  for (const { wave } of world.received) if (wave !== undefined) expect(headers.has(wave)).toBe(true);
}

describe("a roll-out of 4,000 devices on the first run, rare tools beside it", () => {
  const many = Array.from({ length: 4000 }, (_, i) => device(i));
  const few = Array.from({ length: 3 }, (_, i) => device(10 + i));

  const populated = (): World => {
    const world = worldOf();
    for (const id of many) world.activities.push({ device: id, at: 0, ingested: 0 });
    for (const id of few) world.activities.push({ device: id, at: 0, ingested: 0, detection: RARE });
    world.now = HOUR;
    return world;
  };

  test("is announced under one header, and the rare ones singly", async () => {
    const world = populated();
    await world.run();
    expect(world.headers.map(({ detection: id }) => id)).toEqual([LEVEL]);
    expectEachOnce(world, many);
    expectEachOnce(world, few, RARE);
    expect(world.received.filter(({ wave }) => wave === undefined).map(({ data }) => data.detection.id)).toEqual(
      few.map(() => RARE),
    );
    expect(world.runs[0]).toMatchObject({ waves: 1, announced: 4003, new: 4003 });
    // The header goes first: the outbox of the waves is read before the others.
    expect(world.sends[0]).toBe(world.headers[0]?.id);
    expect(world.sends.length).toBeLessThan(70);
  });

  test.each([0, 1, 5, 20, 40, 41, 42, 43, 60, 90, 120])(
    "and the same after a crash before effect %i and a restart",
    async (effect) => {
      const world = populated();
      await world.runThenDie(effect);
      world.now += HOUR;
      await world.run();
      expect(world.headers.map(({ detection: id }) => id)).toEqual([LEVEL]);
      expectEachOnce(world, many);
      expectEachOnce(world, few, RARE);
    },
  );

  test.each([1, 2, 3, 4])("and the same with two runs at once (order %i)", async (seed) => {
    const world = populated();
    let state = seed;
    await world.runTogether((waiting) => {
      state = (state * 48_271) % 2_147_483_647;
      return state % waiting.length;
    });
    expect(world.headers.map(({ detection: id }) => id)).toEqual([LEVEL]);
    expectEachOnce(world, many);
    expectEachOnce(world, few, RARE);
  });
});

describe("300 devices that appear over all 17 slices of a later run", () => {
  const devices = Array.from({ length: 294 }, (_, i) => device(i)).concat("x", "y", "z", "-", "~", "_");

  const populated = async (): Promise<World> => {
    const world = worldOf();
    world.onQuery = (slice) => (slice === "all" ? tooLarge() : undefined);
    await world.run();
    for (const id of devices) world.activities.push({ device: id, at: DAY, ingested: DAY });
    world.now = DAY + HOUR;
    return world;
  };
  const expectOneWave = (world: World): void => {
    expect(world.headers).toHaveLength(1);
    expectEachOnce(world, devices);
    // What was told before the tally was full stays single.
    expect(world.received.filter(({ wave }) => wave === undefined).length).toBeLessThan(25);
  };

  test("are announced once each, under exactly one header", async () => {
    const world = await populated();
    await world.run();
    expectOneWave(world);
  });

  test.each([0, 8, 25, 30, 33, 36, 40, 60, 90, 130])(
    "and the same after a crash before effect %i and a restart",
    async (effect) => {
      const world = await populated();
      await world.runThenDie(effect);
      world.now += HOUR;
      await world.run();
      expectOneWave(world);
    },
  );

  test.each([1, 2, 3, 4])("and the same with two runs at once (order %i)", async (seed) => {
    const world = await populated();
    let state = seed;
    await world.runTogether((waiting) => {
      state = (state * 48_271) % 2_147_483_647;
      return state % waiting.length;
    });
    expectOneWave(world);
  });
});

test("a wave is open for 24 hours: who comes after is announced singly, or opens another", async () => {
  const world = worldOf(3);
  const add = (ids: readonly number[], when: number): void => {
    for (const i of ids) world.activities.push({ device: device(i), at: when, ingested: when });
  };
  await world.run();
  add([1, 2, 3], HOUR);
  world.now = 2 * HOUR;
  await world.run();
  add([4], 20 * HOUR);
  world.now = 21 * HOUR;
  await world.run();
  expect(world.headers).toHaveLength(1);
  expect(world.announcedFor(device(4))[0]?.wave).toBe(world.headers[0]?.id);
  // The tally of the last 24 hours has forgotten the first three by then.
  add([5], 40 * HOUR);
  world.now = 41 * HOUR;
  await world.run();
  expect(world.headers).toHaveLength(1);
  expect(world.announcedFor(device(5))[0]?.wave).toBeUndefined();
});

test("threshold 0 – nothing is counted, and each has a message of its own", async () => {
  const world = worldOf(0);
  for (let i = 0; i < 60; i++) world.activities.push({ device: device(i), at: 0, ingested: 0 });
  world.now = HOUR;
  await world.run();
  expect(world.waves.size).toBe(0);
  expect(world.received).toHaveLength(60);
  expect(world.received.filter(({ wave }) => wave !== undefined)).toEqual([]);
});

describe("countTelling", () => {
  const now = at("2026-03-01T12:30:00Z");
  const tally = [
    { hour: at("2026-02-28T12:00:00Z"), count: 50 },
    { hour: at("2026-02-28T13:00:00Z"), count: 4 },
    { hour: at("2026-03-01T12:00:00Z"), count: 2 },
  ];

  test.each([
    ["counts the last 24 hours alone", 3, 10, 9, undefined],
    ["opens at the threshold", 4, 10, 10, "opens"],
    ["opens beyond it", 40, 10, 46, "opens"],
  ] as const)("%s", (_, n, threshold, total, opens) => {
    const counted = countAnnouncements("d", { tally }, n, threshold, now);
    expect(counted.total).toBe(total);
    expect(counted.opens).toBe(opens === "opens");
    expect(counted.wave?.id).toBe(opens && waveId("d", now));
    expect(counted.state.tally.at(-1)).toEqual({ hour: at("2026-03-01T12:00:00Z"), count: 2 + n });
  });

  test.each([
    ["a second before its end it is joined", -1000, false],
    ["at its end it is over", 0, true],
  ] as const)("%s", (_, offset, over) => {
    const wave = { id: "w", openedAt: new Date(now.getTime() - DAY - offset) };
    const counted = countAnnouncements("d", { tally: [], wave }, 1, 25, now);
    expect(counted.wave).toEqual(over ? undefined : wave);
    expect(counted.state.wave).toEqual(over ? undefined : wave);
  });
});

describe("messages of a wave", () => {
  const wave = { id: waveId(LEVEL, at("2026-03-01T12:00:00Z")), openedAt: at("2026-03-01T12:00:00Z") };
  const origin = {
    source: { name: "soc", id: "00000000-0000-4000-8000-000000000001", kind: "log-analytics" as const },
    window: { from: at("2026-02-25T12:00:00Z"), to: at("2026-03-01T12:00:00Z") },
    runId: "run-1",
  };
  const member = (i: number, deviceName: string) => {
    const seen = {
      detectionId: LEVEL,
      deviceId: device(i),
      deviceName,
      firstSeen: at("2026-03-01T08:00:00Z"),
      lastSeen: at("2026-03-01T09:00:00Z"),
    };
    return {
      row: { ...seen, reports: [], count: 1 },
      sighting: {
        ...seen,
        source: "soc",
        episode: 1,
        announcement: 1,
        disposition: "announced" as const,
        approvalsVersion: 0,
        decidedAt: wave.openedAt,
        definitionHash: "h",
        messageId: createHash("sha256").update(String(i)).digest("hex"),
      },
      cause: "new-activity" as const,
    };
  };
  const members = (names: readonly string[]) =>
    waveMembers({
      ...origin,
      detection: detection(LEVEL),
      wave,
      members: names.map((name, i) => member(i, name)),
      decidedAt: wave.openedAt,
    });
  const eventOf = (body: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(body));

  test("both are valid against the contract, and the examples beside it are what the code makes", async () => {
    const header = waveHeader({
      ...origin,
      detection: detection(LEVEL, { condition: 'Signer has "Level Software, Inc"' }),
      wave,
      threshold: 25,
      count: 4000,
      initiators: [{ name: "ccmexec.exe\u202e", signer: "Microsoft Corporation", devices: 12 }],
      novelty: { firstInState: true, knownDevices: 0 },
    });
    const announced = members(["ws-1", "ws-2"]);
    if (!announced) throw new Error("two members fit");
    for (const { body } of [header, announced]) {
      expect(validatesContract(eventOf(body))).toEqual([]);
      expect(anyEvent.safeParse(eventOf(body)).error).toBeUndefined();
    }
    for (const [name, { body }] of [
      ["example-wave.json", header],
      ["example-wave-members.json", announced],
    ] as const)
      await expect(`${JSON.stringify(eventOf(body), undefined, 2)}\n`).toMatchFileSnapshot(
        fileURLToPath(new URL(name, CONTRACT_FILE)),
      );
    expect(eventOf(header.body)).toMatchObject({
      id: wave.id,
      data: { initiators: [{ name: "ccmexec.exe", devices: 12 }], wave: { closesAt: "2026-03-02T12:00:00.000Z" } },
    });
  });

  test("98 ordinary members fit into one; hostile names are cut, and what still does not fit is halved", () => {
    expect(members(Array.from({ length: 98 }, (_, i) => `ws-${i}.corp.example`))?.body.byteLength).toBeLessThan(60_000);
    expect(members(Array.from({ length: 98 }, () => "漢".repeat(10_000)))).toBeUndefined();
    expect(members(Array.from({ length: 49 }, () => "漢".repeat(10_000)))?.body.byteLength).toBeLessThan(60_000);
  });

  test("R19 – a message's id is its members': others make another, their order does not", () => {
    const ids = ["a", "b", "c"];
    expect(membersId("w", ids)).toBe(membersId("w", ids.toReversed()));
    expect(membersId("w", ids)).not.toBe(membersId("w", ids.slice(1)));
    expect(membersId("w", ids)).not.toBe(membersId("w", ["a", "b", "d"]));
    expect(membersId("w", ids)).not.toBe(membersId("v", ids));
  });
});
