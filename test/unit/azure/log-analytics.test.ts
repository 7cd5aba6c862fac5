import { LogsQueryResultStatus } from "@azure/monitor-query";
import { expect, test } from "vitest";
import { logAnalyticsSource } from "../../../shared/azure/log-analytics.ts";
import { RowBuffer } from "../../../shared/azure/row-buffer.ts";
import type { RowsAnswer } from "../../../shared/core/source.ts";
import { createLimiter } from "../../../shared/limiter.ts";
import { packOf, detection, LEVEL } from "../../model/fixtures.ts";

const MAX_ROWS = 3;
const NOW = new Date("2026-11-24T08:00:00Z");
const WINDOW = { from: NOW, to: NOW, since: NOW, horizon: NOW };

/** A complete answer of so many rows, each of a device of its own, from a source whose limit is `MAX_ROWS`. */
function answerOf(count: number): Promise<RowsAnswer> {
  const rows = new RowBuffer(1000);
  for (let n = 0; n < count; n++) rows.add(Buffer.from(JSON.stringify([`device-${n}`])));
  const table = { name: "PrimaryResult", columnDescriptors: [{ name: "DeviceId", type: "string" as const }], rows: [] };
  return logAnalyticsSource({
    workspace: { name: "soc", id: "0f8fad5b-d9cb-469f-a165-70867728950e" },
    limiter: createLimiter(1),
    maxRows: MAX_ROWS,
    client: {
      queryWorkspace: async () => ({
        result: { status: LogsQueryResultStatus.Success, tables: [table] },
        rows: [rows],
      }),
    },
  }).query(packOf([detection(LEVEL)]), WINDOW, "all");
}

test("R18 – exactly the row limit is partial: the service cuts there, and nothing else says so", async () => {
  expect(await answerOf(MAX_ROWS)).toMatchObject({
    complete: false,
    count: 3,
    partialReason: "3 rows: the service's limit",
  });
});

test("one row less than the limit is complete", async () => {
  expect(await answerOf(MAX_ROWS - 1)).toMatchObject({ complete: true, count: 2 });
});
