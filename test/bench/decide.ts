import type { KnownSighting } from "../../shared/core/decide.ts";
import { decideNovelty } from "../../shared/core/decide.ts";
import type { Row } from "../../shared/core/sighting.ts";
import type { Figure } from "./figure.ts";
import { median, timed } from "./figure.ts";

const DAY = 86_400_000;

/** `decide` over rows of which some are new, some returned, most seen again. */
export async function benchDecide(scale: number): Promise<readonly Figure[]> {
  const count = Math.round(1_000_000 * scale);
  const now = Date.UTC(2026, 5, 30);
  const rows: Row[] = [];
  const known = new Map<string, KnownSighting>();
  for (let i = 0; i < count; i++) {
    const deviceId = i.toString(16).padStart(40, "0");
    const seen = new Date(now - (i % 5) * DAY);
    rows.push({ detectionId: "d", deviceId, deviceName: "ws", firstSeen: seen, lastSeen: seen, reports: [], count: 1 });
    if (i % 50 > 0)
      known.set(deviceId, {
        firstSeen: seen,
        lastSeen: new Date(now - (i % 49 === 0 ? 120 : 2) * DAY),
        episode: 1,
        announcement: 1,
        disposition: "announced",
        approvalsVersion: 0,
      });
  }
  const runs: number[] = [];
  const kinds = new Map<string, number>();
  for (let run = 0; run < 5; run++) {
    kinds.clear();
    runs.push(
      await timed(() => {
        for (const row of rows) {
          const { kind } = decideNovelty(row, known.get(row.deviceId), { dormancyDays: 90, complete: true });
          kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        }
      }),
    );
  }
  if (kinds.size !== 3) throw new Error(`the bench does not decide in all ways: ${[...kinds.keys()].join(", ")}`);
  return [
    {
      name: `decide, ${count.toLocaleString("en-US")} rows: rows a second`,
      value: Math.round(count / (median(runs) / 1000)),
      unit: "",
      limit: { sign: "≥", value: 1_000_000 },
    },
  ];
}
