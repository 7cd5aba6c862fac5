import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Pack } from "../../../shared/core/pack.ts";
import { parseRows } from "../../../shared/core/row.ts";
import { sightingKey } from "../../../shared/core/sighting.ts";

const LEVEL = "4a1f0c1e-0000-4000-8000-000000000001";
const OTHER = "4a1f0c1e-0000-4000-8000-000000000002";
const T0 = Date.parse("2026-11-24T08:00:00Z");
const HOUR = 3_600_000;

const detection = (id: string): Pack["detections"][number] => ({
  id,
  name: "RMM Level",
  description: "",
  tool: "level",
  severity: "medium",
  tactics: [],
  techniques: [],
  supersedes: [],
  hash: "0",
});
const one = { name: "yaml-level", detections: [detection(LEVEL)] };
const two = { name: "catalogue", detections: [detection(LEVEL), detection(OTHER)] };

const record = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  DeviceId: "A1B2",
  DeviceName: "pc-1",
  FirstSeen: new Date(T0),
  LastSeen: new Date(T0 + HOUR),
  Report: "[12]",
  Count: 1,
  ...over,
});

const byKey = (records: readonly Record<string, unknown>[]) => {
  const { rows, rejected } = parseRows(records, two);
  return { rows: new Map(rows.map((row) => [sightingKey(row), row])), rejected: rejected.length };
};

describe("parseRows", () => {
  it("reads a row; keys are lower-case; a pack of one detection needs no DetectionId", () => {
    expect(parseRows([record()], one)).toEqual({
      rows: [
        {
          detectionId: LEVEL,
          deviceId: "a1b2",
          deviceName: "pc-1",
          firstSeen: new Date(T0),
          lastSeen: new Date(T0 + HOUR),
          reports: ["12"],
          count: 1,
        },
      ],
      rejected: [],
      repaired: [],
    });
    expect(parseRows([record({ DetectionId: OTHER.toUpperCase() })], two).rows[0]?.detectionId).toBe(OTHER);
  });

  it("folds rows of one key: earliest, latest, union, sum, name of the latest", () => {
    const { rows } = parseRows(
      [
        record({ Report: "[10,9]", Count: 2 }),
        record({
          DeviceId: "a1b2",
          DeviceName: "renamed",
          FirstSeen: new Date(T0 - HOUR),
          LastSeen: new Date(T0 + 2 * HOUR),
          Report: "[9,100]",
          Count: 3,
        }),
        record({ DeviceName: "old", FirstSeen: new Date(T0), LastSeen: new Date(T0) }),
      ],
      one,
    );
    expect(rows).toEqual([
      {
        detectionId: LEVEL,
        deviceId: "a1b2",
        deviceName: "renamed",
        firstSeen: new Date(T0 - HOUR),
        lastSeen: new Date(T0 + 2 * HOUR),
        reports: ["9", "10", "12", "100"],
        count: 6,
      },
    ]);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ["no DeviceId", { DeviceId: undefined }, /no DeviceId/],
    ["an empty DeviceId", { DeviceId: " " }, /no DeviceId/],
    ["a DeviceId that is no text", { DeviceId: 7 }, /no DeviceId/],
    ["a DeviceId of 513 characters", { DeviceId: "a".repeat(513) }, /513 characters, at most 512/],
    ["a null FirstSeen", { FirstSeen: null }, /FirstSeen is null/],
    ["a FirstSeen that stands for null", { FirstSeen: new Date(0) }, /FirstSeen is null/],
    ["an invalid FirstSeen", { FirstSeen: new Date(NaN) }, /FirstSeen is null/],
    ["a FirstSeen as text", { FirstSeen: "2026-11-24" }, /FirstSeen is null or no time/],
    ["a null LastSeen", { LastSeen: null }, /LastSeen is null/],
    ["LastSeen before FirstSeen", { LastSeen: new Date(T0 - 1) }, /LastSeen lies before/],
    ["a DetectionId of another pack", { DetectionId: OTHER }, /DetectionId is not of pack yaml-level/],
    ["a DetectionId that is no text", { DetectionId: 5 }, /no DetectionId/],
    ["no Count", { Count: undefined }, /Count/],
    ["a negative Count", { Count: -1 }, /Count/],
    ["a broken Count", { Count: 1.5 }, /Count/],
    ["a Count that lost digits", { Count: 2 ** 53 }, /Count/],
  ])("rejects a row with %s, and keeps its neighbours", (_name, over, reason) => {
    const { rows, rejected } = parseRows([record({ DeviceId: "c1" }), record(over), record({ DeviceId: "c2" })], one);
    expect(rows.map(({ deviceId }) => deviceId)).toEqual(["c1", "c2"]);
    expect(rejected).toEqual([{ key: expect.any(String), reason: expect.stringMatching(reason) }]);
  });

  it("wants a DetectionId in a pack of several", () => {
    expect(parseRows([record()], two).rejected[0]?.reason).toMatch(/has several detections/);
  });

  it("bounds the key of a complaint", () => {
    const { rejected } = parseRows([record({ DeviceId: "x".repeat(10_000) })], one);
    expect(rejected[0]?.key).toBe(`${LEVEL}|${"x".repeat(120)}`);
  });

  it("takes any device name, also of 10 kB with control characters", () => {
    const name = `evil\u0000\u001b[31m${"n".repeat(10_240)}`;
    expect(parseRows([record({ DeviceName: name })], one).rows[0]?.deviceName).toBe(name);
    expect(parseRows([record({ DeviceName: undefined })], one).rows[0]?.deviceName).toBe("");
  });

  it.each<[string, unknown, readonly string[]]>([
    ["numbers beyond 2^53", "[9007199254740993, 9007199254740992]", ["9007199254740992", "9007199254740993"]],
    ["numbers as text", '["9007199254740993","7"]', ["7", "9007199254740993"]],
    ["both, twice", '[7,"7","x",10]', ["7", "10", "x"]],
    ["other numbers, as written", "[1.50,-3,2]", ["2", "-3", "1.50"]],
    ["an empty array", "[]", []],
    ["nothing", "", []],
    ["null", null, []],
  ])("Report – %s", (_name, report, reports) => {
    expect(parseRows([record({ Report: report })], one)).toMatchObject({ rows: [{ reports }], repaired: [] });
  });

  it.each(["[1,", "{}", "7", "[null]", "[[1]]", "[true]", "no", [1, 2]])(
    "Report – malformed %j keeps the row and is said",
    (report) => {
      expect(parseRows([record({ Report: report })], one)).toMatchObject({
        rows: [{ reports: [] }],
        rejected: [],
        repaired: [{ key: `${LEVEL}|A1B2` }],
      });
    },
  );

  it("the order of rows never changes the result", () => {
    const anyRecord = fc.record({
      DetectionId: fc.constantFrom(LEVEL, OTHER),
      DeviceId: fc.constantFrom("a", "A", "b", ""),
      DeviceName: fc.constantFrom("x", "y", ""),
      FirstSeen: fc.integer({ min: 0, max: 4 }).map((h) => new Date(T0 + h * HOUR)),
      LastSeen: fc.integer({ min: 3, max: 6 }).map((h) => new Date(T0 + h * HOUR)),
      Report: fc
        .array(fc.oneof(fc.integer(), fc.constantFrom("01", "1", "x", "y")), { maxLength: 3 })
        .map((ids) => JSON.stringify(ids)),
      Count: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(Number.MAX_SAFE_INTEGER)),
    });
    const orders = fc
      .array(anyRecord, { maxLength: 12 })
      .chain((records) => fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })));
    fc.assert(
      fc.property(orders, ([records, shuffled]) => {
        expect(byKey(shuffled)).toEqual(byKey(records));
      }),
      { numRuns: 500 },
    );
  });

  it("folds 100,000 rows of one device into one, with all their reports", () => {
    const records = Array.from({ length: 100_000 }, (_, i) => record({ Report: `[${i}]` }));
    const { rows } = parseRows(records, one);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.reports).toHaveLength(100_000);
  });
});
