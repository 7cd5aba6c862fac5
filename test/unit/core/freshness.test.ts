import { describe, expect, it } from "vitest";
import { blindness, lastDayCount } from "../../../shared/core/freshness.ts";
import type { TableFreshness } from "../../../shared/core/freshness.ts";

const NOW = new Date("2026-11-24T08:00:00Z");
const HOUR = 3_600_000;
const ago = (hours: number): Date => new Date(NOW.getTime() - hours * HOUR);

/** A table with rows in each hour named, the newest row at the beginning of the newest hour. */
const table = (hoursAgo: readonly number[], count = 10, signed?: (hoursAgo: number) => number): TableFreshness => ({
  table: "DeviceFileCertificateInfo",
  ...(hoursAgo.length > 0 && { newestRow: ago(Math.min(...hoursAgo)), newestIngested: ago(Math.min(...hoursAgo)) }),
  hours: hoursAgo.map((h) =>
    signed === undefined ? { hour: ago(h), count } : { hour: ago(h), count, signed: signed(h) },
  ),
});
const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);

describe("blindness – silent", () => {
  it.each<[string, TableFreshness, string | undefined]>([
    ["a table without a row", table([]), "silent"],
    ["rows in each hour", table(range(0, 167)), undefined],
    ["the newest row 6 hours old", table(range(6, 167)), undefined],
    ["the newest row 7 hours old", table(range(7, 167)), "silent"],
    ["7 hours old where 4 hours between rows are usual (gap of 3, so 9)", table(range(7, 167, 4)), undefined],
    ["10 hours old where a gap of 3 is the longest", table(range(10, 166, 4)), "silent"],
    ["a weekend's gap of 50 hours allows 150", table([...range(100, 110), ...range(161, 167)]), undefined],
    ["a single row, 6 hours ago", table([6]), undefined],
    ["a single row, 8 hours ago", table([8]), "silent"],
  ])("%s", (_name, of, expected) => {
    expect(blindness(of, NOW)).toBe(expected);
  });

  it("rows without an ingestion time show nothing that coverage could stand on", () => {
    const { newestIngested: _left, ...rest } = table(range(0, 20));
    expect(blindness(rest, NOW)).toBe("silent");
  });
});

describe("blindness – signer", () => {
  const share = (lastDay: number, before: number, count = 10): TableFreshness =>
    table(range(0, 167), count, (h) => (h <= 24 ? lastDay : before));
  it.each<[string, TableFreshness, string | undefined]>([
    ["the same share as before", share(9, 9), undefined],
    ["none of the last day has a signer", share(0, 9), "signer-collapsed"],
    ["none ever had one", share(0, 0), "signer-collapsed"],
    ["less than a fifth of what it was", share(1, 10), "signer-collapsed"],
    ["exactly a fifth of what it was", share(2, 10), undefined],
    ["a table without such a column", table(range(0, 167)), undefined],
    ["too few rows to judge the last day", table(range(0, 30, 4), 2, () => 0), undefined],
  ])("%s", (_name, of, expected) => {
    expect(blindness(of, NOW)).toBe(expected);
  });
});

it("lastDayCount – counts the rows of the last 24 hours", () => {
  expect(lastDayCount(table(range(0, 100)), NOW)).toBe(250);
});
