import { pino } from "pino";
import type { Composition } from "../../shared/compose.ts";
import { compose } from "../../shared/compose.ts";
import { parseConfig } from "../../shared/config.ts";
import { sightingEvent } from "../../shared/core/event.ts";
import type { RunRecord } from "../../shared/core/run-record.ts";
import { SCHEMAS } from "../../shared/kql/schema.ts";
import { tableOf } from "../../shared/kql/table-data.ts";
import type { Service } from "../../shared/run.ts";
import { run } from "../../shared/run.ts";
import { validatesContract } from "../contract.ts";
import type { Gate } from "../local/gate.ts";
import { openGate } from "../local/gate.ts";
import type { LogAnalyticsStandIn } from "../local/log-analytics/server.ts";
import { startLogAnalytics } from "../local/log-analytics/server.ts";
import type { Broker } from "../local/service-bus/broker.ts";
import { startBroker } from "../local/service-bus/broker.ts";
import type { Tables } from "../local/tables.ts";
import { startTables } from "../local/tables.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const START = Date.UTC(2026, 2, 1);
const QUEUE = "sightings";
const TABLE = "DeviceFileCertificateInfo";

/** Customer ids of the stage's workspaces. */
export const WORKSPACES = {
  north: "00000000-0000-4000-8000-00000000000a",
  south: "00000000-0000-4000-8000-00000000000b",
} as const;
export type WorkspaceName = keyof typeof WORKSPACES;

/** A file signed by Level's signer is seen on a device. Milliseconds since the stage's start. */
interface Seen {
  readonly device: string;
  readonly at: number;
  /** Default: at once. */
  readonly ingested?: number;
  /** Default: north. */
  readonly workspace?: WorkspaceName;
  readonly name?: string;
}

/** What a consumer finds on the queue. */
interface OnQueue {
  readonly id: string;
  readonly deviceId: string;
  readonly cause: string;
  readonly kind: string;
}

/** The real SDKs against the real stand-ins, on a clock of its own; a gate stands before the tables. */
export interface Stage {
  /** Milliseconds since the start. */
  now: number;
  readonly seen: Seen[];
  /** No row is ingested in these spans, in any workspace. */
  readonly silent: { readonly from: number; readonly to: number }[];
  readonly broker: Broker;
  readonly gate: Gate;
  readonly logAnalytics: LogAnalyticsStandIn;
  /** Every line logged so far. */
  readonly log: Record<string, unknown>[];
  date(ms: number): Date;
  /** App settings for this stage. */
  settings(): Readonly<Record<string, string>>;
  /** A further gate before the tables, for one of several runs. */
  openGate(): Promise<{ readonly gate: Gate; readonly settings: Readonly<Record<string, string>> }>;
  /** Another composition over the same services, as another process has one. */
  compose(change?: Readonly<Record<string, string>>): Composition;
  run(change?: Partial<Service>): Promise<RunRecord>;
  onQueue(): readonly OnQueue[];
  devicesOnQueue(): readonly string[];
  /** Straight at the service, beside the gate. */
  client(table: "Sightings" | "Coverage"): ReturnType<Tables["client"]>;
  /** As if the table had been deleted and made again. */
  deleteAll(table: "Sightings" | "Coverage"): Promise<void>;
  /** Milliseconds, by slice, of the workspace north. */
  coveredTo(): Promise<ReadonlyMap<string, number>>;
  outboxDepth(): Promise<number>;
  close(): Promise<void>;
}

/** Retries as the service has them, without the waits. */
const PATIENCE = {
  query: 5,
  throttled: [5, 5, 5],
  table: 5,
  send: { maxRetries: 1, retryDelayInMs: 5, maxRetryDelayInMs: 10, timeoutInMs: 400 },
};

export async function startStage(
  options: {
    readonly workspaces?: readonly WorkspaceName[];
    readonly deduplicate?: boolean;
    readonly machineClock?: true;
  } = {},
): Promise<Stage> {
  const names = options.workspaces ?? ["north"];
  const tables = await startTables({});
  await tables.createTables(["Sightings", "Coverage", "Approvals"]);
  const gate = await openGate(tables.port);
  const gates = [gate];
  const state = { now: 0 };
  const start = options.machineClock ? Date.now() : START;
  const date = (ms: number): Date => new Date(start + ms);
  const clock = (): Date => (options.machineClock ? new Date() : date(state.now));
  const broker = await startBroker({
    queues: [QUEUE],
    now: clock,
    ...(options.deduplicate === false && { duplicateDetection: false as const }),
  });
  const seen: Seen[] = [];
  const silent: Stage["silent"] = [];
  const log: Record<string, unknown>[] = [];
  const logAnalytics = await startLogAnalytics({
    now: clock,
    workspaces: Object.fromEntries(
      names.map((name) => [
        WORKSPACES[name],
        () => ({ tables: { [TABLE]: tableOf(SCHEMAS["log-analytics"][TABLE] ?? [], rowsOf(name)) } }),
      ]),
    ),
  });

  function rowsOf(name: WorkspaceName): Record<string, unknown>[] {
    const background = Array.from({ length: 8 * 24 }, (_, i) => Math.floor(state.now / HOUR) * HOUR - i * HOUR)
      .filter((at) => !silent.some(({ from, to }) => at >= from && at < to))
      .map((at) => row({ device: "e".repeat(40), at }, "Contoso Backup Ltd"));
    const shown = seen.filter(
      ({ workspace = "north", at, ingested = at }) => workspace === name && ingested <= state.now,
    );
    return [...background, ...shown.map((one) => row(one, "Level Software, Inc."))];
  }

  function row(
    { device, at, ingested = at, name = `ws-${device.slice(0, 6)}` }: Seen,
    signer: string,
  ): Record<string, unknown> {
    return {
      TimeGenerated: date(at).toISOString(),
      $ingested: date(ingested).toISOString(),
      DeviceId: device,
      DeviceName: name,
      SHA1: "0".repeat(40),
      IsSigned: true,
      IsTrusted: true,
      Signer: signer,
      ReportId: 4711,
    };
  }

  const stage: Stage = {
    get now() {
      return state.now;
    },
    set now(ms) {
      state.now = ms;
    },
    seen,
    silent,
    broker,
    gate,
    logAnalytics,
    log,
    date,
    settings: () => ({
      LOG_ANALYTICS_WORKSPACES: JSON.stringify(names.map((name) => ({ name, id: WORKSPACES[name] }))),
      LOG_ANALYTICS_ENDPOINT: logAnalytics.endpoint,
      STATE_TABLE_ENDPOINT: gate.through(tables.connectionString),
      SERVICE_BUS_NAMESPACE: broker.connectionString,
    }),
    openGate: async () => {
      const another = await openGate(tables.port);
      gates.push(another);
      return { gate: another, settings: { STATE_TABLE_ENDPOINT: another.through(tables.connectionString) } };
    },
    compose: (change = {}) => {
      const config = parseConfig({ ...stage.settings(), ...change });
      const logger = pino(
        { level: "debug", base: null, formatters: { level: (level) => ({ level }) } },
        { write: (line: string) => void log.push(JSON.parse(line)) },
      );
      return compose(config, logger, { clock, patience: PATIENCE });
    },
    run: (change) => run({ ...stage.compose().service, ...change }),
    onQueue: () => broker.messages(QUEUE).map(toOnQueue),
    devicesOnQueue: () =>
      stage
        .onQueue()
        .map(({ deviceId }) => deviceId)
        .toSorted(),
    client: (table) => tables.client(table),
    deleteAll: async (table) => {
      for await (const { partitionKey, rowKey } of tables.client(table).listEntities())
        await tables.client(table).deleteEntity(String(partitionKey), String(rowKey));
    },
    coveredTo: async () => {
      const covered = new Map<string, number>();
      for await (const { rowKey, coveredTo } of tables
        .client("Coverage")
        .listEntities({ queryOptions: { filter: "PartitionKey eq 'unit'" } })) {
        const [workspace, , slice] = String(rowKey).split("|");
        if (workspace === "north" && slice !== undefined && coveredTo instanceof Date)
          covered.set(slice, coveredTo.getTime());
      }
      return covered;
    },
    outboxDepth: async () => {
      let depth = 0;
      for await (const { rowKey } of tables.client("Sightings").listEntities())
        if (String(rowKey).startsWith("outbox|")) depth += 1;
      return depth;
    },
    close: async () => {
      await Promise.all([logAnalytics.close(), broker.close(), ...gates.map((one) => one.close())]);
      await tables.stop();
    },
  };
  return stage;
}

/** @throws {Error} for a message that the committed contract does not allow: none is ever looked at without that */
function toOnQueue({ body, messageId }: ReturnType<Broker["messages"]>[number]): OnQueue {
  const event: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
  const problems = validatesContract(event);
  if (problems.length > 0) throw new Error(`a message on the queue breaks the contract: ${problems.join("; ")}`);
  const { data } = sightingEvent.parse(event);
  return { id: String(messageId), deviceId: data.device.id, cause: data.cause, kind: data.sighting.kind };
}
