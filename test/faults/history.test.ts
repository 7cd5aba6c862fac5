import { afterEach, expect, test } from "vitest";
import type { Stage } from "./stage.ts";
import { DAY, HOUR, startStage } from "./stage.ts";

/** Outages and late data, through the real SDKs: what is told afterwards, and what is said to be lost. */

const device = (n: number): string => `${(n % 16).toString(16)}${String(n).padStart(39, "0")}`;
let stage: Stage | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

async function started(): Promise<Stage> {
  stage = await startStage();
  stage.seen.push({ device: device(0), at: -HOUR });
  expect(await stage.run()).toMatchObject({ outcome: "ok", new: 1 });
  return stage;
}

test("down for 12 days – nothing that appeared meanwhile is missed", async () => {
  const on = await started();
  for (let day = 0; day < 12; day++) on.seen.push({ device: device(day + 1), at: day * DAY + HOUR });
  on.now = 12 * DAY;
  expect(await on.run()).toMatchObject({ outcome: "ok", new: 12, gaps: [] });
  expect(on.devicesOnQueue()).toEqual(Array.from({ length: 13 }, (_, i) => device(i)).toSorted());
});

test("down for 40 days – the unrecoverable part is named in the run record, the rest is told", async () => {
  const on = await started();
  on.seen.push({ device: device(1), at: 5 * DAY }, { device: device(2), at: 15 * DAY });
  on.now = 40 * DAY;
  const record = await on.run();
  expect(record).toMatchObject({ outcome: "ok", new: 1, gaps: [{ source: "north", to: on.date(10 * DAY) }] });
  expect(Math.abs((record.gaps[0]?.from.getTime() ?? 0) - on.date(0).getTime())).toBeLessThanOrEqual(HOUR);
  expect(on.log.filter(({ event, level }) => event === "coverage.gap" && level === "error")).toHaveLength(1);
  expect(on.devicesOnQueue()).toEqual([device(0), device(2)].toSorted());
  on.now += HOUR;
  expect((await on.run()).gaps).toEqual([]);
});

test("a table that is protected for 8 days and then open again – nothing is missed", async () => {
  const on = await started();
  on.logAnalytics.onQuery = () => ({ protect: ["DeviceFileCertificateInfo"] });
  for (let day = 1; day <= 8; day++) {
    on.seen.push({ device: device(day), at: day * DAY - HOUR });
    on.now = day * DAY;
    expect((await on.run()).outcome).toBe("blind");
  }
  on.logAnalytics.onQuery = undefined;
  on.now += HOUR;
  expect(await on.run()).toMatchObject({ outcome: "ok", new: 8, gaps: [] });
  expect(on.devicesOnQueue()).toHaveLength(9);
});

test("rows that are ingested 10 days late – told, cause late-arrival", async () => {
  const on = await started();
  on.seen.push({ device: device(1), at: DAY, ingested: 11 * DAY });
  for (let day = 1; day <= 11; day++) {
    on.now = day * DAY + HOUR;
    await on.run();
  }
  expect(on.onQueue().map(({ deviceId, cause }) => [deviceId, cause])).toEqual([
    [device(0), "baseline"],
    [device(1), "late-arrival"],
  ]);
});
