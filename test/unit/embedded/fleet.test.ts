import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { blindness, type TableFreshness } from "../../../shared/core/freshness.ts";
import { tableOf } from "../../../shared/kql/table-data.ts";
import { SCHEMAS } from "../../../shared/kql/schema.ts";
import { approvalsOf } from "../../local/fleet/approvals.ts";
import {
  announcedDevices,
  grow,
  levelDevices,
  loadFleet,
  makeFleet,
  rowsAt,
  saveFleet,
  silence,
  tablesAt,
  type CertificateRow,
} from "../../local/fleet.ts";
import type { Fleet } from "../../local/fleet/fleet-data.ts";

const NOW = new Date("2026-03-10T12:34:56.000Z");
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const later = (milliseconds: number): Date => new Date(NOW.getTime() + milliseconds);
const isLevel = ({ Signer }: CertificateRow): boolean => /\blevel software, inc\b/i.test(Signer);
const age = (time: string, now: Date): number => now.getTime() - Date.parse(time);

const newest = (times: string[]): Date => new Date(times.reduce((a, b) => (a > b ? a : b)));

const folder = mkdtempSync(join(tmpdir(), "firstsight-fleet-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fleet = makeFleet({ devices: 3_000, seed: 7, now: NOW });

describe("makeFleet", () => {
  test("the same seed, number and time give the same fleet; another seed another one", () => {
    expect(makeFleet({ devices: 200, seed: 7, now: NOW })).toEqual(makeFleet({ devices: 200, seed: 7, now: NOW }));
    expect(makeFleet({ devices: 200, seed: 8, now: NOW }).devices).not.toEqual(
      makeFleet({ devices: 200, seed: 7, now: NOW }).devices,
    );
  });

  test("which devices there are, and which hold Level, does not depend on when it was made", () => {
    const another = makeFleet({ devices: 3_000, seed: 7, now: later(-400 * DAY) });
    expect(another.devices).toEqual(fleet.devices);
    expect(levelDevices(another, later(-400 * DAY))).toEqual(levelDevices(fleet, NOW));
    expect(another.holdings).toEqual(fleet.holdings);
  });

  test("ids have Defender's form and are distinct; every device has rows", () => {
    expect(fleet.devices.filter(({ id }) => !/^[0-9a-f]{40}$/.test(id))).toEqual([]);
    expect(new Set(fleet.devices.map(({ id }) => id)).size).toBe(3_000);
    expect(new Set(fleet.rows.map(({ DeviceId }) => DeviceId)).size).toBe(3_000);
  });

  test("one device in fifty has Level, under every spelling; no other row reads like it, look-alikes among them", () => {
    const rows = rowsAt(fleet, NOW);
    const held = levelDevices(fleet, NOW);
    expect(held.size).toBe(60);
    expect(new Set(rows.filter(isLevel).map(({ DeviceId }) => DeviceId))).toEqual(held);
    expect(new Set(rows.filter(isLevel).map(({ Signer }) => Signer)).size).toBe(4);
    expect(rows.some(({ Signer }) => Signer === "Level Software GmbH")).toBe(true);
  });

  test("everything is ingested by the time it was made for, after it happened, and within the horizon", () => {
    const rows = [...fleet.rows, ...fleet.events.map(({ row }) => row)];
    expect(rows.filter((row) => age(row.$ingested, NOW) < 0)).toEqual([]);
    expect(rows.filter((row) => row.$ingested <= row.TimeGenerated)).toEqual([]);
    expect(rows.filter((row) => age(row.TimeGenerated, NOW) > 30 * DAY)).toEqual([]);
  });

  test.each([5, 50, 3_000])("%i devices: some with Level are late, renamed, and named with hostility", (devices) => {
    const rows = makeFleet({ devices, seed: 3, now: NOW }).rows.filter(isLevel);
    expect(rows.some((row) => age(row.TimeGenerated, NOW) > 8 * DAY && age(row.$ingested, NOW) < DAY)).toBe(true);
    expect(
      Math.max(
        ...Map.groupBy(rows, ({ DeviceId }) => DeviceId)
          .values()
          .map((inGroup) => new Set(inGroup.map(({ DeviceName }) => DeviceName)).size),
      ),
    ).toBe(2);
    expect(rows.some(({ DeviceName }) => DeviceName.includes("\u0000"))).toBe(true);
  });

  test("a large fleet has one device with Level of each hostile kind: control characters, markup, KQL, 10 kB", () => {
    const names = [...new Set(fleet.rows.filter(isLevel).map(({ DeviceName }) => DeviceName))];
    expect(names.filter((name) => name.length > 10_000)).toHaveLength(1);
    expect(names.filter((name) => name.includes("<img"))).toHaveLength(1);
    expect(names.filter((name) => name.includes("| take 1"))).toHaveLength(1);
    expect(names.filter((name) => name.includes("\u001b"))).toHaveLength(1);
  });

  test.each([44, 60, 200, 3_000])("%i devices: each scenario and look-alike is there, whatever the size", (devices) => {
    const { holdings } = makeFleet({ devices, seed: 5, now: NOW });
    const stories = Map.groupBy(holdings, ({ story }) => story);
    const approved = new Set(holdings.flatMap(({ approval }) => (approval === undefined ? [] : [approval])));
    expect(stories.has("approved Kaseya brings AnyDesk")).toBe(true);
    expect(stories.size).toBeGreaterThanOrEqual(22);
    expect(approved.size).toBe(5);
  });

  test.each([50, 51, 60, 200, 3_000])("%i devices: the roll-out is a wave, or there is none", (devices) => {
    const { holdings } = makeFleet({ devices, seed: 5, now: NOW });
    const { length } = holdings.filter(({ tool }) => tool === "ninjaone");
    expect(length === 0 || length >= 25).toBe(true);
    expect(length === 0).toBe(devices < 51);
  });

  test("a device has one tool to tell at most, so that its id is in one message", () => {
    const unapproved = fleet.holdings.filter(({ approval }) => approval === undefined);
    expect(new Set(unapproved.map(({ deviceId }) => deviceId)).size).toBe(unapproved.length);
    expect(announcedDevices(fleet).size).toBe(unapproved.length);
    expect(levelDevices(fleet, NOW).isSubsetOf(announcedDevices(fleet))).toBe(true);
  });

  test("where the approvals ask for a group or an inventory, look-alikes are in it too", () => {
    const groups = new Map(fleet.devices.map(({ id, group }) => [id, group]));
    const alike = fleet.holdings.filter(({ tool, approval }) => tool !== "level" && approval === undefined);
    expect(alike.filter(({ deviceId }) => !["Workstations", "Servers"].includes(groups.get(deviceId) ?? ""))).toEqual(
      [],
    );
    const names = approvalsOf(fleet, NOW).find(({ id }) => id === "screenconnect-by-ansible")?.devices.names;
    const managed = new Set(
      fleet.holdings.filter(({ tool }) => tool === "connectwise").map(({ deviceId }) => deviceId),
    );
    expect(new Set(names)).toEqual(
      new Set(fleet.devices.filter(({ id }) => managed.has(id)).map(({ names: all }) => all.at(-1)?.toLowerCase())),
    );
  });

  test.each([0, 5, 200])("%i devices: the approvals are those that the holdings name, and in force", (devices) => {
    const made = makeFleet({ devices, seed: 5, now: NOW });
    const approvals = approvalsOf(made, NOW);
    const named = made.holdings.flatMap(({ approval }) => (approval === undefined ? [] : [approval]));
    expect(approvals).toHaveLength(5);
    expect(new Set(named).isSubsetOf(new Set(approvals.map(({ id }) => id)))).toBe(true);
    expect(approvals.filter(({ expires }) => expires <= later(90 * DAY))).toEqual([]);
  });

  test("every row of every table has columns that the table has", () => {
    for (const [table, rows] of tablesAt(fleet, NOW)) {
      const records = rows.map((row) => ({ ...row }));
      expect(tableOf(SCHEMAS["log-analytics"][table] ?? [], records).rows.length, table).toBeGreaterThan(0);
    }
  });

  test("no devices: no rows", () => {
    const none = makeFleet({ devices: 0, seed: 1, now: NOW });
    expect([...tablesAt(none, NOW).values()].flat()).toEqual([]);
  });
});

describe("rowsAt", () => {
  const freshness = (rows: readonly CertificateRow[]): TableFreshness => {
    const hours = Map.groupBy(rows, ({ TimeGenerated }) => Math.floor(Date.parse(TimeGenerated) / HOUR) * HOUR);
    return {
      table: "DeviceFileCertificateInfo",
      newestIngested: newest(rows.map(({ $ingested }) => $ingested)),
      newestRow: newest(rows.map(({ TimeGenerated }) => TimeGenerated)),
      hours: [...hours].map(([hour, inHour]) => ({
        hour: new Date(hour),
        count: inHour.length,
        signed: inHour.filter(({ Signer }) => Signer !== "").length,
      })),
    };
  };

  test.each([0, 6 * HOUR, 12 * DAY, 100 * DAY])("a small fleet looks alive %i ms after it was made", (passed) => {
    const now = later(passed);
    const rows = rowsAt(makeFleet({ devices: 5, seed: 1, now: NOW }), now);
    const shown = freshness(rows.filter((row) => age(row.TimeGenerated, now) <= 7 * DAY));
    expect(blindness(shown, now)).toBeUndefined();
    expect(shown.hours.length).toBeGreaterThanOrEqual(7 * 24 - 1);
    expect(rows.filter((row) => age(row.$ingested, now) < 0)).toEqual([]);
  });

  test("each table shows rows of the last hours, however long ago the fleet was made", () => {
    for (const passed of [0, 100 * DAY]) {
      const now = later(passed);
      for (const [table, rows] of tablesAt(makeFleet({ devices: 5, seed: 1, now: NOW }), now)) {
        const ingested = rows.map((row) => ("$ingested" in row ? String(row.$ingested) : ""));
        expect(age(newest(ingested).toISOString(), now), table).toBeLessThan(3 * HOUR);
        expect(ingested.filter((time) => age(time, now) < 0)).toEqual([]);
      }
    }
  });

  test("a table goes silent: nothing is added from then on, what was there stays, and the others go on", () => {
    const from = later(-12 * HOUR);
    const quiet = silence(fleet, "DeviceFileCertificateInfo", from);
    const rows = rowsAt(quiet, NOW);
    expect(rows.filter(({ $ingested }) => $ingested >= from.toISOString())).toEqual([]);
    expect(rows).toEqual(rowsAt(fleet, NOW).filter(({ $ingested }) => $ingested < from.toISOString()));
    expect(blindness(freshness(rows), NOW)).toBe("silent");
    expect(tablesAt(quiet, NOW).get("DeviceFileEvents")).toEqual(tablesAt(fleet, NOW).get("DeviceFileEvents"));
    const noEvents = silence(fleet, "DeviceFileEvents", later(-40 * DAY));
    expect(tablesAt(noEvents, NOW).get("DeviceFileEvents")).toEqual([]);
  });

  test("a row shows from its ingestion on", () => {
    const row = fleet.rows.find(isLevel);
    const at = new Date(row?.$ingested ?? "");
    expect(rowsAt(fleet, at)).toContain(row);
    expect(rowsAt(fleet, new Date(at.getTime() - 1))).not.toContain(row);
  });
});

describe("grow", () => {
  const grown = grow(fleet, { level: 12, others: 3, now: later(HOUR) });
  const added = (result: Fleet, now: Date): string[] => [
    ...levelDevices(result, now).difference(levelDevices(fleet, now)),
  ];

  test("adds that many devices with Level, visible by then, and leaves everything else as it was", () => {
    expect(grown.devices.slice(0, 3_000)).toEqual(fleet.devices);
    expect(grown.rows.slice(0, fleet.rows.length)).toEqual(fleet.rows);
    expect(grown.devices).toHaveLength(3_015);
    expect(added(grown, later(HOUR)).toSorted()).toEqual(
      grown.devices
        .slice(3_000, 3_012)
        .map(({ id }) => id)
        .toSorted(),
    );
    expect(added(grown, later(HOUR - 1))).toEqual([]);
  });

  test("what is added is new to an ordinary run, but for a late one", () => {
    const rows = grown.rows.slice(fleet.rows.length).filter(isLevel);
    const late = rows.filter((row) => age(row.TimeGenerated, later(HOUR)) > 5 * DAY);
    expect(new Set(late.map(({ DeviceId }) => DeviceId)).size).toBe(1);
    expect(rows.filter((row) => !late.includes(row) && age(row.TimeGenerated, later(HOUR)) > HOUR)).toEqual([]);
  });

  test("an approved deployment on new devices: as old as an hour, and nothing of it to tell", () => {
    const more = grow(fleet, { level: 2, approved: 3, others: 1, now: later(HOUR) });
    const held = more.holdings.slice(fleet.holdings.length);
    expect(held.map(({ tool, approval }) => `${tool} ${approval}`)).toEqual([
      ...Array.from({ length: 2 }, () => "level undefined"),
      ...Array.from({ length: 3 }, () => "teamviewer teamviewer-by-endpoint-manager"),
    ]);
    expect(more.devices).toHaveLength(3_006);
    const events = more.events.slice(fleet.events.length).map(({ row }) => row);
    expect(new Set(events.map(({ $ingested }) => $ingested))).toEqual(new Set([later(HOUR).toISOString()]));
  });

  test("two steps go on counting", () => {
    const again = grow(grown, { level: 10, others: 0, now: later(2 * HOUR) });
    expect(new Set(again.devices.map(({ id }) => id)).size).toBe(3_025);
    expect(levelDevices(again, later(2 * HOUR)).size).toBe(82);
  });
});

describe("saveFleet", () => {
  test("what is loaded is what was saved, and nothing else lies beside it", () => {
    const file = join(folder, "fleet.ndjson");
    saveFleet(makeFleet({ devices: 5, seed: 1, now: NOW }), file);
    saveFleet(fleet, file);
    expect(loadFleet(file)).toEqual(fleet);
    expect(readdirSync(folder)).toEqual(["fleet.ndjson"]);
  });

  test("a file that was cut off or is something else: refused, by line", () => {
    const file = join(folder, "cut.ndjson");
    saveFleet(makeFleet({ devices: 5, seed: 1, now: NOW }), file);
    writeFileSync(file, readFileSync(file, "utf8").slice(0, -200));
    expect(() => loadFleet(file)).toThrow(/cut\.ndjson:\d+ is no line of a fleet/);
    writeFileSync(file, "{}\n");
    expect(() => loadFleet(file)).toThrow(/cut\.ndjson:1 is no line of a fleet/);
  });

  test("a silenced fleet is silent when it is loaded; one of the format before is refused, with what to do", () => {
    const file = join(folder, "older.ndjson");
    const quiet = silence(makeFleet({ devices: 5, seed: 1, now: NOW }), "DeviceEvents", NOW);
    saveFleet(quiet, file);
    expect(loadFleet(file)).toEqual(quiet);
    writeFileSync(file, readFileSync(file, "utf8").replace("firstsight-fleet-2", "firstsight-fleet-1"));
    expect(() => loadFleet(file)).toThrow(/older\.ndjson:1 is a fleet of the format firstsight-fleet-1.*--state/);
  });
});
