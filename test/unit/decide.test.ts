import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KnownSighting } from "../../shared/core/decide.ts";
import { causeOf, decideNovelty, utcDay } from "../../shared/core/decide.ts";
import type { Row } from "../../shared/core/sighting.ts";

const day = (n: number, hour = 0): Date => new Date(Date.UTC(2026, 0, 1 + n, hour));
const row = (first: Date, last = first): Row => ({
  detectionId: "d",
  deviceId: "a",
  deviceName: "ws",
  firstSeen: first,
  lastSeen: last,
  reports: [],
  count: 1,
});
const known = (last: Date): KnownSighting => ({
  firstSeen: day(0),
  lastSeen: last,
  episode: 1,
  announcement: 1,
  disposition: "announced",
  approvalsVersion: 0,
});
const BY = { dormancyDays: 90, complete: true };

describe("decide", () => {
  test.each([
    ["never seen", row(day(5)), undefined, BY, { kind: "new" }],
    ["seen today already", row(day(5, 1), day(5, 9)), known(day(5)), BY, { kind: "seen-again", refresh: false }],
    ["its day has moved", row(day(4), day(6)), known(day(5)), BY, { kind: "seen-again", refresh: true }],
    ["an older row than the last", row(day(2)), known(day(5)), BY, { kind: "seen-again", refresh: false }],
    ["quiet for exactly the dormancy", row(day(95, 23)), known(day(5)), BY, { kind: "seen-again", refresh: true }],
    ["quiet for a day more", row(day(96)), known(day(5, 23)), BY, { kind: "returned", previous: known(day(5, 23)) }],
    ["dormancy off", row(day(900)), known(day(5)), { ...BY, dormancyDays: 0 }, { kind: "seen-again", refresh: true }],
    [
      "quiet, but nobody looked until the end of a gap",
      row(day(96)),
      known(day(5)),
      { ...BY, gapEnd: day(20) },
      { kind: "seen-again", refresh: true },
    ],
    [
      "quiet since the end of a gap",
      row(day(111)),
      known(day(5)),
      { ...BY, gapEnd: day(20) },
      { kind: "returned", previous: known(day(5)) },
    ],
    [
      "quiet by half a result",
      row(day(96)),
      known(day(5)),
      { ...BY, complete: false },
      { kind: "seen-again", refresh: false },
    ],
    ["unknown by half a result", row(day(96)), undefined, { ...BY, complete: false }, { kind: "new" }],
  ] as const)("%s", (_name, given, before, by, expected) => {
    expect(decideNovelty(given, before, by)).toEqual(expected);
  });

  test("what was seen within the dormancy never returns, whatever the hours", () => {
    const time = fc.integer({ min: 0, max: 200 * 24 }).map((hours) => new Date(Date.UTC(2026, 0, 1, hours)));
    fc.assert(
      fc.property(time, time, (first, last) => {
        const kind = decideNovelty(row(first), known(last), BY).kind;
        return (kind === "returned") === utcDay(first) - utcDay(last) > 90;
      }),
    );
  });
});

describe("causeOf", () => {
  test.each([
    ["a first baseline", { baseline: "first" as const }, true, "baseline"],
    [
      "a baseline over a changed definition",
      { baseline: "changed" as const, lateBefore: day(3) },
      true,
      "rule-changed",
    ],
    [
      "a baseline that leaves this definition as it was",
      { baseline: "changed" as const, lateBefore: day(3) },
      false,
      "new-activity",
    ],
    ["before what was covered", { lateBefore: day(10) }, false, "late-arrival"],
    ["after what was covered", { lateBefore: day(3) }, false, "new-activity"],
  ])("%s", (_name, unit, changed, cause) => {
    expect(causeOf(row(day(5)), unit, changed)).toBe(cause);
  });
});
