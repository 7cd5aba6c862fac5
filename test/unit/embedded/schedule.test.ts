import { expect, test } from "vitest";
import { nextTime } from "../../../shared/settings/ncrontab.ts";

const AFTER = new Date("2026-11-24T08:07:30.500Z"); // a Tuesday

test.each([
  ["0 */15 * * * *", "2026-11-24T08:15:00.000Z"],
  ["* * * * * *", "2026-11-24T08:07:31.000Z"],
  ["30 7 8 * * *", "2026-11-25T08:07:30.000Z"],
  ["0 30 3 * * *", "2026-11-25T03:30:00.000Z"],
  ["0 0 9-17/4 * * mon-fri", "2026-11-24T09:00:00.000Z"],
  ["0 5/20 8 * * *", "2026-11-24T08:25:00.000Z"],
  ["0 0 0 * * sun", "2026-11-29T00:00:00.000Z"],
  ["0 0 0 1,15 jan *", "2027-01-01T00:00:00.000Z"],
  ["0 0 0 29 2 *", "2028-02-29T00:00:00.000Z"],
  ["0 0 0 13 * 5", "2027-08-13T00:00:00.000Z"],
])("%s comes next at %s", (schedule, at) => {
  expect(nextTime(schedule, AFTER)?.toISOString()).toBe(at);
});

test("a date that never comes has no next time; across the year 2100 a 29 February has", () => {
  expect(nextTime("0 0 0 30 2 *", AFTER)).toBeUndefined();
  expect(nextTime("0 0 0 29 2 *", new Date("2096-03-01T00:00:00Z"))).toEqual(new Date("2104-02-29T00:00:00Z"));
});
