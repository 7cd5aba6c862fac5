import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { UnitCoverage } from "../../../shared/core/plan.ts";
import { coveredTo, leastCoveredFirst, planPack, planUnit } from "../../../shared/core/plan.ts";
import {
  COVERAGE_SLICES,
  partitionOf,
  partitionsOf,
  sliceFilter,
  sliceName,
  split,
} from "../../../shared/core/slice.ts";

const DAY = 86_400_000;
const HOUR = 3_600_000;
const NOW = new Date("2026-06-30T12:00:00Z");
const REACH = { lookback: 5 * DAY, horizon: 30 * DAY, overlap: 6 * HOUR };
const PACK = { hash: "h1" };
const ago = (ms: number): Date => new Date(NOW.getTime() - ms);
const covered = (ms: number, change: Partial<UnitCoverage> = {}): UnitCoverage => ({
  coveredTo: ago(ms),
  packHash: "h1",
  ...change,
});

describe("planUnit", () => {
  test("never covered – the whole horizon, a first baseline, no gap", () => {
    const plan = planUnit("all", PACK, undefined, REACH, NOW);
    expect(plan).toMatchObject({
      baseline: "first",
      window: { from: ago(30 * DAY), to: NOW, since: ago(30 * DAY), horizon: ago(30 * DAY) },
    });
    expect(plan.gap).toBeUndefined();
  });

  test("covered a quarter of an hour ago – the lookback, late rows since covered-to − overlap", () => {
    const plan = planUnit("all", PACK, covered(HOUR / 4), REACH, NOW);
    expect(plan.window).toEqual({ from: ago(5 * DAY), to: NOW, since: ago(6.25 * HOUR), horizon: ago(30 * DAY) });
    expect([plan.baseline, plan.gap, plan.unread]).toEqual([undefined, undefined, undefined]);
  });

  test("down for 12 days – from covered-to − overlap, nothing is lost", () => {
    const plan = planUnit("all", PACK, covered(12 * DAY), REACH, NOW);
    expect(plan.window.from).toEqual(ago(12 * DAY + 6 * HOUR));
    expect(plan.gap).toBeUndefined();
  });

  test("down for 40 days – the horizon, and a gap of 10 days", () => {
    const plan = planUnit("all", PACK, covered(40 * DAY), REACH, NOW);
    expect(plan.window.from).toEqual(ago(30 * DAY));
    expect(plan.gap).toEqual({ from: ago(40 * DAY), to: ago(30 * DAY) });
  });

  test("another version of the pack – the horizon once, and no gap while covered-to is within reach", () => {
    const plan = planUnit("all", PACK, covered(HOUR, { packHash: "h0" }), REACH, NOW);
    expect(plan).toMatchObject({
      baseline: "changed",
      window: { from: ago(30 * DAY), since: ago(30 * DAY) },
      priorHash: "h0",
    });
    expect(plan.gap).toBeUndefined();
  });

  test("a file's own window – bounds the plan; the rest of a baseline is said, an outage beyond it is a gap", () => {
    const own = { hash: "h1", ownWindow: 5 * DAY };
    expect(planUnit("all", own, undefined, REACH, NOW)).toMatchObject({
      window: { from: ago(5 * DAY) },
      unread: { from: ago(30 * DAY), to: ago(5 * DAY) },
    });
    expect(planUnit("all", own, covered(8 * DAY), REACH, NOW).gap).toEqual({ from: ago(8 * DAY), to: ago(5 * DAY) });
    expect(planUnit("all", { hash: "h1", ownWindow: DAY }, covered(HOUR), REACH, NOW).unread).toBeUndefined();
  });
});

describe("planPack", () => {
  const all = (of: UnitCoverage): Map<string, UnitCoverage> =>
    new Map(COVERAGE_SLICES.map((slice) => [sliceName(slice), of]));

  test("seventeen equal shares – one query for all", () => {
    expect(planPack(PACK, all(covered(HOUR)), false, REACH, NOW).map(({ slice }) => slice)).toEqual(["all"]);
  });

  test("one share left behind – a query a share, that one first", () => {
    const plans = planPack(PACK, all(covered(HOUR)).set("7", covered(9 * HOUR)), false, REACH, NOW);
    expect(plans).toHaveLength(17);
    expect(sliceName(plans[0]?.slice ?? "all")).toBe("7");
  });

  test("slices that were needed are kept", () => {
    expect(planPack(PACK, all(covered(HOUR)), true, REACH, NOW)).toHaveLength(17);
  });
});

test("leastCoveredFirst – never covered before all others", () => {
  expect(leastCoveredFirst([{ coveredTo: ago(1) }, {}, { coveredTo: ago(2) }])).toEqual([
    {},
    { coveredTo: ago(2) },
    { coveredTo: ago(1) },
  ]);
});

test("coveredTo – never beyond To, never beyond what was ingested, never backwards, not while blind", () => {
  const time = fc.integer({ min: 0, max: 4_000_000 }).map((ms) => new Date(ms));
  fc.assert(
    fc.property(
      time,
      fc.option(time, { nil: undefined }),
      fc.boolean(),
      fc.option(time, { nil: undefined }),
      (to, ingested, blind, before) => {
        const end = coveredTo(to, ingested, blind, before);
        if (blind || !ingested) return end === undefined;
        return (
          end !== undefined &&
          (before === undefined || end >= before) &&
          (end <= to || end.getTime() === before?.getTime()) &&
          (end <= ingested || end.getTime() === before?.getTime())
        );
      },
    ),
  );
});

describe("slices", () => {
  /** The filter's own words, by hand: `startswith` and the regex are case-blind. */
  const inSlice = (
    id: string,
    slice: ReturnType<typeof split> extends readonly (infer S)[] | undefined ? S : never,
  ): boolean => {
    if (slice === "all") return true;
    const begins = id.toLowerCase().startsWith(slice.prefix);
    return begins && (!slice.other || !new RegExp(`^${slice.prefix}[0-9a-f]`, "i").test(id));
  };

  test("every id is in exactly one part of every cut", () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom("", "a", "3f", "Zz", "A0b"), (rest, start) => {
        const id = start + rest;
        for (let parts = split("all"); parts;) {
          const holding = parts.filter((part) => inSlice(id, part));
          expect(holding).toHaveLength(1);
          parts = holding[0] && split(holding[0]);
        }
      }),
    );
  });

  test("a slice touches the partition that its devices are kept in, and no other", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (id) => {
        const holding = COVERAGE_SLICES.find((slice) => inSlice(id, slice));
        return (
          holding !== undefined && partitionsOf(holding).length === 1 && partitionsOf(holding)[0] === partitionOf(id)
        );
      }),
    );
    expect(partitionsOf("all")).toHaveLength(17);
  });

  test("a cut ends where deeper would not help", () => {
    expect(split({ prefix: "ab" })).toBeUndefined();
    expect(split({ prefix: "", other: true })).toBeUndefined();
    expect(sliceFilter("all")).toBe("");
  });
});
