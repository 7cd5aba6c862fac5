import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { TableClient } from "@azure/data-tables";
import { pino } from "pino";
import { SIGHTING_COLUMNS } from "./sighting-columns.ts";
import { createLogsQueryClient } from "../../shared/azure/log-analytics-client.ts";
import { sightingRowKey } from "../../shared/core/stores/sighting-key.ts";
import { compose } from "../../shared/host/compose.ts";
import { parseConfig } from "../../shared/settings/config.ts";
import { sliceName, COVERAGE_SLICES, partitionOf } from "../../shared/core/slice.ts";
import { credentialFor } from "../../shared/azure/credential.ts";
import { packs } from "../../shared/catalog/generated/packs.ts";
import { run } from "../../shared/run/run.ts";
import { openFaultProxy } from "../local/fault-proxy.ts";
import type { Tables } from "../local/tables.ts";
import { startTables } from "../local/tables.ts";
import type { Figure } from "./figure.ts";
import { median, timed } from "./figure.ts";

const HOUR = 3_600_000;
const WORKSPACE = "00000000-0000-4000-8000-000000000001";
const SAMPLE = 2000;

/** One run with as many rows as known sightings, nothing new: requests, writes, wall time against its floor and the usual way. */
export async function benchSteadyRun(scale: number): Promise<readonly Figure[]> {
  const count = Math.round(100_000 * scale);
  const now = new Date();
  const devices = Array.from({ length: count }, (_, i) => createHash("sha1").update(`device ${i}`).digest("hex"));
  const tables = await startTables({});
  const answers = await serveAnswers(devices, now);
  const proxy = await openFaultProxy(tables.port);
  try {
    await tables.createTables(["Sightings", "Coverage", "Approvals"]);
    await fill(tables, devices, now);
    await noteCoverage(tables, now, count);
    const steady = serviceOf(tables.connectionString, answers.endpoint);

    // The first run names the epochs; what is measured is every run after it.
    const first = await run(steady);
    if (first.new !== 0 || first.rows !== count || first.rejected !== 0 || first.outcome !== "ok")
      throw new Error(`the bench's state is not steady: ${JSON.stringify(first)}`);

    proxy.reset();
    const counted = await run(serviceOf(proxy.through(tables.connectionString), answers.endpoint));
    if (counted.new !== 0 || counted.outcome !== "ok") throw new Error("the counted run was not steady");
    const reads = proxy.seen.filter(({ kind }) => kind === "read").length;
    const writes = proxy.seen.filter(({ kind }) => kind !== "read");
    const entities = writes.reduce(
      (sum, { kind, body }) =>
        sum + (kind === "transaction" ? (body.match(/^(?:POST|PUT|PATCH|MERGE|DELETE) /gm)?.length ?? 0) : 1),
      0,
    );
    const sightings = writes.filter(
      ({ path, body }) => /\/Sightings/.test(path + body) && !/proof/.test(path + body),
    ).length;

    const ours: number[] = [];
    const floors: number[] = [];
    for (let i = 0; i < (scale < 1 ? 1 : 5); i++) {
      floors.push(await timed(() => floor(tables, answers.endpoint)));
      ours.push(await timed(() => run(steady)));
    }
    const usual = (await timed(() => pointReads(tables, devices.slice(0, SAMPLE)))) * (count / Math.min(SAMPLE, count));
    const wall = median(ours.map((ms, i) => ms / (floors[i] ?? NaN)));
    const size = count.toLocaleString("en-US");
    return [
      {
        name: `steady run, ${size} rows over ${size} known: state reads`,
        value: reads,
        unit: "",
        limit: { sign: "≤", value: count / 1000 + 50 },
        exact: true,
      },
      { name: "  writes to a sighting", value: sightings, unit: "", limit: { sign: "≤", value: 0 }, exact: true },
      { name: "  entities written", value: entities, unit: "", limit: { sign: "≤", value: 25 }, exact: true },
      { name: "  wall time ÷ floor (SDKs alone)", value: wall, unit: "×", limit: { sign: "≤", value: 1.5 } },
      {
        name: "  usual way (a point read a row) ÷ wall time",
        value: usual / median(ours),
        unit: "×",
        limit: { sign: "≥", value: 20 },
      },
    ];
  } finally {
    await proxy.close();
    await answers.close();
    await tables.stop();
  }
}

function serviceOf(connectionString: string, endpoint: string) {
  const config = parseConfig({
    LOG_ANALYTICS_WORKSPACES: JSON.stringify([{ name: "bench", id: WORKSPACE }]),
    STATE_TABLE_ENDPOINT: connectionString,
    SERVICE_BUS_NAMESPACE:
      "Endpoint=sb://localhost:1;SharedAccessKeyName=x;SharedAccessKey=y;UseDevelopmentEmulator=true;",
    LOG_ANALYTICS_ENDPOINT: endpoint,
  });
  return compose(config, pino({ level: "silent" })).service;
}

/** Sightings as the service leaves them, seen today. */
async function fill(tables: Tables, devices: readonly string[], now: Date): Promise<void> {
  const client = tables.client("Sightings");
  const detectionId = packs[0]?.detections[0]?.id ?? "";
  for (const [partition, ids] of Map.groupBy(devices, partitionOf)) {
    for (let i = 0; i < ids.length; i += 100) {
      await client.submitTransaction(
        ids.slice(i, i + 100).map((deviceId) => [
          "create",
          {
            partitionKey: partition,
            rowKey: sightingRowKey({ detectionId, deviceId }),
            detectionId,
            deviceId,
            deviceName: `ws-${deviceId.slice(0, 8)}.corp.example`,
            source: "bench",
            firstSeen: new Date(now.getTime() - 48 * HOUR),
            lastSeen: now,
            episode: 1,
            announcement: 1,
            disposition: "announced",
            decidedAt: now,
            announcedAt: now,
            messageId: deviceId + deviceId.slice(0, 24),
            definitionHash: packs[0]?.hash ?? "",
            schemaVersion: 1,
          },
        ]),
      );
    }
  }
}

async function noteCoverage(tables: Tables, now: Date, known: number): Promise<void> {
  const client = tables.client("Coverage");
  const pack = packs[0];
  if (!pack) throw new Error("no pack was built");
  const coveredTo = new Date(now.getTime() - HOUR / 4);
  for (const slice of COVERAGE_SLICES)
    await client.createEntity({
      partitionKey: "unit",
      rowKey: `bench|${pack.name}|${sliceName(slice)}`,
      coveredTo,
      packHash: pack.hash,
      sliced: false,
      schemaVersion: 1,
    });
  for (const [i, { id, hash }] of pack.detections.entries())
    await client.createEntity({
      partitionKey: "detection",
      rowKey: id,
      hash,
      knownDevices: i === 0 ? known : 0,
      schemaVersion: 1,
    });
}

/** The two answers of a run, made once: what is measured is not the stand-in. */
async function serveAnswers(
  devices: readonly string[],
  now: Date,
): Promise<{ readonly endpoint: string; close(): Promise<void> }> {
  const iso = now.toISOString().replace("Z", "0000Z");
  const answer = (columns: readonly (readonly [string, string])[], rows: readonly unknown[][]): string =>
    JSON.stringify({
      tables: [{ name: "PrimaryResult", columns: columns.map(([name, type]) => ({ name, type })), rows }],
      statistics: { query: { executionTime: 0.1 } },
    });
  const sightings = answer(
    SIGHTING_COLUMNS,
    devices.map((id, i) => [
      packs[0]?.detections[0]?.id,
      id,
      `ws-${id.slice(0, 8)}.corp.example`,
      iso,
      iso,
      `["${i}"]`,
      3,
      "Workstations",
      JSON.stringify([{ name: "Maker, Inc.", hash: id, issuer: "DigiCert", trusted: true }]),
      JSON.stringify([id]),
      false,
    ]),
  );
  const { freshnessAnswer } = await import("./freshness-answer.ts");
  const freshness = answer(
    ...freshnessAnswer(
      packs.flatMap((pack) => pack.tables),
      now,
    ),
  );
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(body.includes("FirstSeen") ? sightings : freshness);
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** The SDKs alone: the same answer fetched and decoded, the same table listed. */
async function floor(tables: Tables, endpoint: string): Promise<void> {
  const logs = createLogsQueryClient({
    endpoint,
    audience: endpoint,
    credential: credentialFor({ kind: "developer" }, endpoint),
  });
  await logs.queryWorkspace(WORKSPACE, "FirstSeen", { duration: "P5D" });
  const client = TableClient.fromConnectionString(tables.connectionString, "Sightings", {
    allowInsecureConnection: true,
  });
  let listed = 0;
  for await (const page of client.listEntities().byPage({ maxPageSize: 1000 })) listed += page.length;
  if (listed === 0) throw new Error("nothing was listed");
}

/** What services of this kind usually do: one point read a row, one after the other. */
async function pointReads(tables: Tables, devices: readonly string[]): Promise<void> {
  const client = tables.client("Sightings");
  const detectionId = packs[0]?.detections[0]?.id ?? "";
  for (const deviceId of devices)
    await client.getEntity(partitionOf(deviceId), sightingRowKey({ detectionId, deviceId }));
}
