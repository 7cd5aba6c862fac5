import { batchesOf } from "../../shared/azure/batches.ts";
import type { TableFreshness } from "../../shared/core/freshness.ts";
import type { Pack, QueryWindow } from "../../shared/core/pack.ts";
import type { Slice } from "../../shared/core/slice.ts";
import { sliceName } from "../../shared/core/slice.ts";
import type { RowsAnswer, Source } from "../../shared/core/source.ts";
import { DAY, HOUR, LEVEL } from "./fixtures.ts";
import { modelEvidence } from "./model-evidence.ts";
import type { WorldState } from "./world-state.ts";

/** A source that answers from the world's activities, as the prelude of a real query would. */
export const modelSource = (world: WorldState, task: string) =>
  ({
    id: "00000000-0000-4000-8000-000000000001",
    name: "main",
    kind: "log-analytics",
    maxRows: 500_000,
    query: async (pack, window, slice) => {
      await world.turn(task);
      world.queries.push({ window, slice: sliceName(slice) });
      const hook = world.onQuery(slice, world.queries.length);
      return answerOf(world, pack, window, slice, hook?.partial);
    },
    freshness: async (tables, now) => {
      await world.turn(task);
      return tables.map((table) => freshnessOf(world, table, now));
    },
    evidence: modelEvidence(world, task),
  }) satisfies Source;

function answerOf(
  world: WorldState,
  pack: Pack,
  window: QueryWindow,
  slice: Slice,
  partial: ((device: string) => boolean) | undefined,
): RowsAnswer {
  const now = window.to.getTime();
  const rows = new Map<string, { first: number; last: number; count: number; device: string; detectionId: string }>();
  for (const { device, at, ingested, detection: detectionId = LEVEL } of world.protected ? [] : world.activities) {
    if (ingested > world.now || !inSlice(device, slice) || !pack.detections.some(({ id }) => id === detectionId))
      continue;
    const time = world.date(at).getTime();
    const late = world.date(ingested) > window.since && time > window.horizon.getTime();
    const inWindow = time >= window.from.getTime() && time <= now;
    if (!inWindow && !late) continue;
    if (window.until && world.date(ingested) > window.until) continue;
    if (pack.ownWindow !== undefined && time < world.date(world.now).getTime() - pack.ownWindow) continue;
    if (partial && !partial(device)) continue;
    const row = rows.get(`${detectionId}|${device}`);
    if (row)
      Object.assign(row, { first: Math.min(row.first, time), last: Math.max(row.last, time), count: row.count + 1 });
    else rows.set(`${detectionId}|${device}`, { first: time, last: time, count: 1, device, detectionId });
  }
  const records = [...rows.values()].map(({ first, last, count, device, detectionId }) => ({
    DetectionId: detectionId,
    DeviceId: device,
    DeviceName: `host-${device.slice(0, 6)}`,
    FirstSeen: new Date(first),
    LastSeen: new Date(last),
    Report: "[1]",
    Count: count,
    // As the catalogue's rows have it, wherever evidence can be looked for.
    ...(pack.evidence && { DeviceGroup: "", Signers: "[]", Files: "[]", Counterfeit: false }),
  }));
  return {
    complete: partial === undefined,
    count: records.length,
    // As small as they go: a mistake at the border of two batches shows in every history.
    batches: batchesOf(records.length, (n) => records[n]?.DeviceId, 2).map((batch) =>
      batch.flatMap((n) => records[n] ?? []),
    ),
    discard: () => undefined,
    ...(partial && { partialReason: "E_QUERY_RESULT_SET_TOO_LARGE" }),
  };
}

/** Background rows every hour of true time, as a healthy tenant has them. */
function freshnessOf(world: WorldState, table: string, now: Date): TableFreshness {
  if (world.protected) return { table, hours: [] };
  const newest = Math.min(world.now, world.silentFrom);
  const hours = Array.from({ length: 7 * 24 }, (_, i) => Math.floor(newest / HOUR) * HOUR - i * HOUR)
    .map((ms) => ({ hour: world.date(ms), count: 10, signed: 9 }))
    .filter(({ hour }) => hour.getTime() > now.getTime() - 7 * DAY && hour <= now);
  if (hours.length === 0) return { table, hours };
  return { table, hours, newestIngested: world.date(newest), newestRow: world.date(newest) };
}

function inSlice(device: string, slice: Slice): boolean {
  if (slice === "all") return true;
  if (!device.startsWith(slice.prefix)) return false;
  return !slice.other || !/^[0-9a-f]/.test(device.slice(slice.prefix.length));
}
