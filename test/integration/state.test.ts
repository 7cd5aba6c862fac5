import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { coverageTable } from "../../shared/azure/coverage-table.ts";
import { unitKey } from "../../shared/core/stores/coverage-store.ts";
import { retention } from "../../shared/azure/retention.ts";
import { sightingRowKey } from "../../shared/core/stores/sighting-key.ts";
import { sightingsTable } from "../../shared/azure/sightings-table.ts";
import type { Row, Sighting } from "../../shared/core/sighting.ts";
import { StateError, StateNewerError } from "../../shared/errors.ts";
import { loadKnownAhead } from "../../shared/announce/load-known.ts";
import type { Stage } from "../faults/stage.ts";
import { DAY, HOUR, startStage } from "../faults/stage.ts";

const DETECTION = "3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc";
const A = `a${"1".repeat(39)}`;
const SEEN = new Date("2026-03-01T08:00:00Z");

const sighting = (change: Partial<Sighting> = {}): Sighting => ({
  detectionId: DETECTION,
  deviceId: A,
  deviceName: "ws-1",
  source: "north",
  firstSeen: SEEN,
  lastSeen: SEEN,
  episode: 1,
  announcement: 1,
  disposition: "announced",
  approvalsVersion: 0,
  decidedAt: SEEN,
  messageId: "f".repeat(64),
  definitionHash: "0".repeat(64),
  ...change,
});
const message = {
  id: "f".repeat(64),
  type: "firstsight.sighting.new.v1",
  contentType: "application/json",
  body: new Uint8Array([1, 2, 3]),
  properties: { tool: "level" },
};

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
beforeEach(async () => {
  await stage.deleteAll("Sightings");
  await stage.deleteAll("Coverage");
});
afterAll(() => stage.close());

describe("sightings", () => {
  test("commit – the sighting and its message, or neither", async () => {
    const table = sightingsTable(stage.client("Sightings"));
    expect(await table.commit("a", [{ sighting: sighting() }], [message], SEEN)).toEqual({ kind: "done" });
    expect(await table.commit("a", [{ sighting: sighting() }], [{ ...message, id: "e".repeat(64) }], SEEN)).toEqual({
      kind: "conflict",
    });
    expect(await stage.outboxDepth()).toBe(1);
    expect((await table.readVersions("a")).get(sightingRowKey(sighting()))?.lastSeen).toEqual(SEEN);
  });

  test("commit – a change over an etag that is no longer true is a conflict", async () => {
    const table = sightingsTable(stage.client("Sightings"));
    await table.commit("a", [{ sighting: sighting() }], [], SEEN);
    const etag = (await table.readKeys("a", [sightingRowKey(sighting())])).get(sightingRowKey(sighting()))?.etag ?? "";
    expect(await table.refresh("a", [{ ...sighting(), lastSeen: new Date(SEEN.getTime() + DAY), etag }])).toEqual({
      kind: "done",
    });
    expect(await table.commit("a", [{ sighting: sighting({ episode: 2 }), etag }], [], SEEN)).toEqual({
      kind: "conflict",
    });
  });

  test("commit – fifty pairs go in one transaction; a property beyond 64 KiB is refused, and named", async () => {
    const table = sightingsTable(stage.client("Sightings"));
    const many = Array.from({ length: 50 }, (_, i) => ({
      sighting: sighting({ deviceId: `a${String(i).padStart(39, "0")}` }),
    }));
    const messages = many.map((_, i) => ({ ...message, id: String(i).padStart(64, "0") }));
    expect(await table.commit("a", many, messages, SEEN)).toEqual({ kind: "done" });
    const outcome = await table.commit(
      "a",
      [{ sighting: sighting() }],
      [{ ...message, body: new Uint8Array(70_000) }],
      SEEN,
    );
    expect(outcome).toMatchObject({ kind: "refused" });
  });

  test("keys – an id that can't stand in a key is replaced by its hash, and the entity keeps it", async () => {
    const table = sightingsTable(stage.client("Sightings"));
    const deviceId = `x/\\#?\u0001${"y".repeat(600)}`;
    await table.commit("z", [{ sighting: sighting({ deviceId }) }], [], SEEN);
    const key = sightingRowKey({ detectionId: DETECTION, deviceId });
    expect(key).toMatch(/^[0-9a-f-]{36}\|sha256-[0-9a-f]{64}$/);
    expect((await stage.client("Sightings").getEntity("z", key))["deviceId"]).toBe(deviceId);
    expect((await table.readVersions("z")).has(key)).toBe(true);
  });

  test("stored – by key, all or the expected ones, from a key on", async () => {
    const table = sightingsTable(stage.client("Sightings"));
    const devices = [1, 2, 3, 4].map((n) => `a${String(n).padStart(39, "0")}`);
    const dispositions = ["expected", "announced", "expected", "expected"] as const;
    await table.commit(
      "a",
      devices.map((deviceId, i) => ({ sighting: sighting({ deviceId, disposition: dispositions[i] ?? "expected" }) })),
      [],
      SEEN,
    );
    const found = async (chosenBy?: Parameters<typeof table.stored>[1]) =>
      (await Array.fromAsync(table.stored("a", chosenBy))).map(({ deviceId }) => devices.indexOf(deviceId) + 1);
    const after = sightingRowKey(sighting({ deviceId: devices[0] ?? "" }));
    expect(await found()).toEqual([1, 2, 3, 4]);
    expect(await found({ expectedOr: [] })).toEqual([1, 3, 4]);
    expect(await found({ expectedOr: [], after })).toEqual([3, 4]);
    expect(await found({ expectedOr: [DETECTION], after })).toEqual([2, 3, 4]);
  });

  test("recall – goes on over an empty page, and reads neither outbox nor epoch", async () => {
    const real = stage.client("Sightings");
    const table = sightingsTable(real);
    await table.makeEpoch("a", "e1");
    await table.commit("a", [{ sighting: sighting() }], [message], SEEN);
    // Azurite never answers with a short page and a token; the service may.
    const gappy = sightingsTable(
      new Proxy(real, {
        get: (target, name) =>
          name === "listEntities"
            ? (...asked: Parameters<typeof real.listEntities>) => ({
                byPage: async function* (...settings: unknown[]) {
                  yield [];
                  yield* target.listEntities(...asked).byPage(...(settings as [])); // whatever the caller asked for
                  yield [];
                },
              })
            : Reflect.get(target, name, target),
      }),
    );
    expect([...(await gappy.readVersions("a")).keys()]).toEqual([sightingRowKey(sighting())]);
  });

  test("recall – portions of one partition share a scan; a row beside many known ones is read alone", async () => {
    const { sightings } = stage.compose().service;
    const row = (deviceId: string): Row => ({ ...sighting({ deviceId }), reports: [], count: 1 });
    const device = (of: string, n: number): string => of + String(n).padStart(39, "0");
    await sightings.commit("a", [{ sighting: sighting({ deviceId: device("a", 3) }) }], [], SEEN);
    const loaded = async (knownDevices: number) => {
      const batches = [[row(device("a", 1)), row(device("a", 2))], [row(device("a", 3))], [row(device("b", 1))]];
      const detections = new Map(stage.compose().service.packs[0]?.detections.map((one) => [one.id, one]));
      stage.proxy.reset();
      const found = await Array.fromAsync(
        loadKnownAhead(batches, { detections, knownDevices: (id) => (id === DETECTION ? knownDevices : 0) }, sightings),
      );
      return {
        found: found.map(({ partition, rows, versions, whole }) => [
          partition,
          rows.filter((one) => versions.has(sightingRowKey(one))).length,
          whole,
        ]),
        requests: stage.proxy.seen.length,
      };
    };
    expect(await loaded(1)).toEqual({
      found: [
        ["a", 0, true],
        ["a", 1, true],
        ["b", 0, false],
      ],
      requests: 2,
    });
    // A scan of 16,000 in a partition is 16 requests, a row one.
    expect(await loaded(16 * 16_000)).toEqual({
      found: [
        ["a", 0, false],
        ["a", 1, false],
        ["b", 0, false],
      ],
      requests: 4,
    });
  });

  test("recall – a row of a newer version stops it; a read that fails is no empty answer", async () => {
    const table = sightingsTable(stage.client("Sightings"));
    await stage
      .client("Sightings")
      .createEntity({ partitionKey: "a", rowKey: sightingRowKey(sighting()), lastSeen: SEEN, schemaVersion: 2 });
    await expect(table.readVersions("a")).rejects.toThrow(StateNewerError);
    stage.proxy.before = () => ({ status: 503 });
    await expect(stage.compose().service.sightings.readVersions("a")).rejects.toThrow(StateError);
    stage.proxy.before = () => ({ status: 403 });
    const { sightings, coverage, waves, approvals } = stage.compose().service;
    for (const refused of [
      () => sightings.readVersions("a"),
      () => coverage.snapshot(),
      () => waves.read(DETECTION),
      () => approvals.current(),
    ])
      await expect(refused()).rejects.toThrow(/Storage Table Data Contributor/);
    stage.proxy.before = () => "pass";
  });

  test("epoch – the first one stands", async () => {
    const table = sightingsTable(stage.client("Sightings"));
    expect(await table.epoch("a")).toBeUndefined();
    expect(await table.makeEpoch("a", "e1")).toBe("e1");
    expect(await table.makeEpoch("a", "e2")).toBe("e1");
  });
});

describe("retention", () => {
  test("deletes what was not seen since, keeps what has a message in the outbox, and what was seen again meanwhile (R8)", async () => {
    const client = stage.client("Sightings");
    const table = sightingsTable(client);
    const [old, waiting, alive] = ["1", "2", "3"].map((n) =>
      sighting({ deviceId: `a${n.padStart(39, "0")}`, messageId: n.padStart(64, "0") }),
    );
    if (!old || !waiting || !alive) throw new Error("three were made");
    await table.commit(
      "a",
      [{ sighting: old }, { sighting: waiting }, { sighting: alive }],
      [{ ...message, id: waiting.messageId ?? "" }],
      SEEN,
    );
    const racing = retention(
      new Proxy(client, {
        get: (target, name) =>
          name === "deleteEntity"
            ? async (...asked: Parameters<typeof client.deleteEntity>) => {
                // A run refreshes it between retention's reading and its delete.
                if (asked[1] === sightingRowKey(alive))
                  await target.updateEntity({ partitionKey: "a", rowKey: asked[1], lastSeen: new Date() }, "Merge");
                return target.deleteEntity(...asked);
              }
            : Reflect.get(target, name, target),
      }),
    );
    expect(await racing.deleteExpired(new Date(SEEN.getTime() + DAY))).toEqual(new Map([[DETECTION, 1]]));
    expect([...(await table.readVersions("a")).keys()].toSorted()).toEqual(
      [sightingRowKey(waiting), sightingRowKey(alive)].toSorted(),
    );
  });

  test("retainState – runs are kept 90 days", async () => {
    const coverage = coverageTable(stage.client("Coverage"));
    for (const days of [0, 89, 91, 300])
      await coverage.recordRun(new Date(stage.date(0).getTime() - days * DAY), `run-${days}`, {});
    expect(await stage.compose().purge()).toEqual({ sightings: 0, runs: 2 });
  });
});

describe("coverage", () => {
  const advance = (change: object = {}) => ({
    key: unitKey("north", "p", "0"),
    coveredTo: SEEN,
    packHash: "h1",
    sliced: false,
    cut: false,
    ...change,
  });

  test("keepLookPosition – how far a look has come, until it has come to its end", async () => {
    const coverage = coverageTable(stage.client("Coverage"));
    const position = { startedAt: SEEN, partition: "a", key: sightingRowKey(sighting()), whole: false };
    await coverage.saveRecheckPosition(position);
    await coverage.moveRecheckMark(SEEN);
    expect((await coverage.snapshot()).marks).toEqual({ recheck: SEEN, recheckPosition: position });
    for (let i = 0; i < 2; i++) await coverage.saveRecheckPosition(undefined);
    expect((await coverage.snapshot()).marks).toEqual({ recheck: SEEN });
  });

  test("noteTried – the last time, in the ledger, whether or not the unit was ever covered", async () => {
    const coverage = coverageTable(stage.client("Coverage"));
    const key = unitKey("north", "p", "0");
    for (const at of [SEEN, new Date(SEEN.getTime() + HOUR)]) await coverage.recordAttempt(key, at);
    const { attempts, units } = await coverage.snapshot();
    expect([...attempts]).toEqual([[key, new Date(SEEN.getTime() + HOUR)]]);
    expect(units.size).toBe(0);
  });

  test("advance – the slicing that worked is kept, and what an earlier version wrote has none", async () => {
    const coverage = coverageTable(stage.client("Coverage"));
    const key = unitKey("north", "p", "0");
    await coverage.advance([advance({ sliced: true, cut: true })]);
    expect((await coverage.snapshot()).units.get(key)).toMatchObject({ sliced: true, cut: true });
    await stage
      .client("Coverage")
      .upsertEntity(
        { partitionKey: "unit", rowKey: key, coveredTo: SEEN, packHash: "h1", sliced: true, schemaVersion: 1 },
        "Replace",
      );
    expect((await coverage.snapshot()).units.get(key)).toMatchObject({ sliced: true, cut: false });
  });

  test("advance – never backwards under one pack, and over another version's mark not at all", async () => {
    const coverage = coverageTable(stage.client("Coverage"));
    const coveredTo = async (): Promise<unknown> =>
      (await coverage.snapshot()).units.get(unitKey("north", "p", "0"))?.coveredTo;
    await coverage.advance([advance()]);
    await coverage.advance([advance({ coveredTo: new Date(SEEN.getTime() - HOUR) })]);
    expect(await coveredTo()).toEqual(SEEN);
    await coverage.advance([advance({ coveredTo: new Date(SEEN.getTime() + HOUR), packHash: "h0", priorHash: "h00" })]);
    expect(await coveredTo()).toEqual(SEEN);
    await coverage.advance([advance({ coveredTo: new Date(SEEN.getTime() - HOUR), packHash: "h2", priorHash: "h1" })]);
    expect(await coveredTo()).toEqual(new Date(SEEN.getTime() - HOUR));
  });

  test("runs – newest first", async () => {
    const coverage = coverageTable(stage.client("Coverage"));
    for (const hour of [1, 3, 2]) await coverage.recordRun(stage.date(hour * HOUR), `run-${hour}`, { outcome: "ok" });
    const keys: string[] = [];
    for await (const { rowKey } of stage
      .client("Coverage")
      .listEntities({ queryOptions: { filter: "PartitionKey eq 'run'" } }))
      keys.push(String(rowKey));
    expect(keys.map((key) => key.split("|")[1])).toEqual(["run-3", "run-2", "run-1"]);
  });
});

describe("firstsight state accept", () => {
  const cli = fileURLToPath(new URL("../../shared/cli/main.ts", import.meta.url));
  const recoverState = (...asked: string[]) =>
    promisify(execFile)(process.execPath, [cli, "state", "accept", ...asked], {
      env: { ...process.env, ...stage.settings() },
    });

  test.each(["restore", "announce-again"])("--%s – the run goes on after it", async (how) => {
    await stage.run();
    await stage.deleteAll("Sightings");
    expect(await stage.run()).toMatchObject({ outcome: "failed", reason: "state-lost" });
    const { stdout } = await recoverState(`--${how}`, "--json");
    expect(JSON.parse(stdout).partitions).toHaveLength(17);
    expect(await stage.run()).toMatchObject({ outcome: "ok" });
    expect((await recoverState(`--${how}`)).stdout).toContain("Nothing was lost");
  });

  test("neither or both – usage, exit 2", async () => {
    await expect(recoverState()).rejects.toMatchObject({ code: 2 });
    await expect(recoverState("--restore", "--announce-again")).rejects.toMatchObject({ code: 2 });
  });
});
