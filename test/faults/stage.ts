import { pino } from "pino";
import type { Composition } from "../../shared/host/compose.ts";
import { compose } from "../../shared/host/compose.ts";
import { parseConfig } from "../../shared/settings/config.ts";
import type { Approval } from "../../shared/core/approval.ts";
import { anyEvent } from "../../shared/core/event.ts";
import type { RunRecord } from "../../shared/core/run-record.ts";
import type { Service } from "../../shared/run/run-context.ts";
import { run } from "../../shared/run/run.ts";
import { validatesContract } from "../contract.ts";
import type { FaultProxy } from "../local/fault-proxy.ts";
import { openFaultProxy } from "../local/fault-proxy.ts";
import type { LogAnalyticsStandIn } from "../../shared/local/log-analytics/server.ts";
import { startLogAnalytics } from "../../shared/local/log-analytics/server.ts";
import type { Broker } from "../local/service-bus/broker.ts";
import { startBroker } from "../local/service-bus/broker.ts";
import type { Tables } from "../local/tables.ts";
import { startTables } from "../local/tables.ts";
import type { StageRow } from "./workspace-rows.ts";
import { workspaceTables } from "./workspace-rows.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const START = Date.UTC(2026, 2, 1);
const QUEUE = "sightings";

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

/** SHA1 of the file that a `Seen` is about. */
export const SEEN_FILE = "0".repeat(40);
/** Its device group. */
export const SEEN_GROUP = "Workstations";

/** A sighting as a consumer finds it on the queue, in a message of its own or as the member of a wave. */
interface OnQueue {
  /** Of a single message the message's, of a member its own. */
  readonly id: string;
  readonly deviceId: string;
  readonly tool: string;
  readonly cause: string;
  readonly kind: string;
  readonly announcement: number;
  /** `evidence.missing`; of a member, whose message holds no evidence, none. */
  readonly missing: readonly string[];
  readonly wave?: string;
}

/** The real SDKs against the real stand-ins, on a clock of its own; a gate stands before the tables. */
export interface Stage {
  /** Milliseconds since the start. */
  now: number;
  readonly seen: Seen[];
  /** Further rows of any table, of the workspace north. */
  readonly rows: StageRow[];
  /** No row is ingested in these spans, in any workspace. */
  readonly silent: { readonly from: number; readonly to: number }[];
  readonly broker: Broker;
  readonly proxy: FaultProxy;
  readonly logAnalytics: LogAnalyticsStandIn;
  /** Every line logged so far. */
  readonly log: Record<string, unknown>[];
  date(ms: number): Date;
  /** App settings for this stage. */
  settings(): Readonly<Record<string, string>>;
  /** A further gate before the tables, for one of several runs. */
  openFaultProxy(): Promise<{ readonly proxy: FaultProxy; readonly settings: Readonly<Record<string, string>> }>;
  /** Another composition over the same services, as another process has one. */
  compose(change?: Readonly<Record<string, string>>): Composition;
  run(change?: Partial<Service>): Promise<RunRecord>;
  /** Puts a set of approvals in the place of the one that counts. */
  approve(approvals: readonly Approval[]): Promise<void>;
  onQueue(): readonly OnQueue[];
  /** Ids of the waves whose headers are on the queue. */
  wavesOnQueue(): readonly string[];
  devicesOnQueue(): readonly string[];
  /** Straight at the service, beside the gate. */
  client(table: "Sightings" | "Coverage" | "Approvals"): ReturnType<Tables["client"]>;
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
  const proxy = await openFaultProxy(tables.port);
  const gates = [proxy];
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
  const rows: StageRow[] = [];
  const silent: Stage["silent"] = [];
  const log: Record<string, unknown>[] = [];
  const logAnalytics = await startLogAnalytics({
    now: clock,
    workspaces: Object.fromEntries(
      names.map((name) => [
        WORKSPACES[name],
        () => ({ tables: workspaceTables(rowsOf(name), state.now, silent, date) }),
      ]),
    ),
  });

  function rowsOf(name: WorkspaceName): readonly StageRow[] {
    const shown = seen.filter(({ workspace = "north" }) => workspace === name).map(toRow);
    return name === "north" ? [...shown, ...rows] : shown;
  }

  const stage: Stage = {
    get now() {
      return state.now;
    },
    set now(ms) {
      state.now = ms;
    },
    seen,
    rows,
    silent,
    broker,
    proxy,
    logAnalytics,
    log,
    date,
    settings: () => ({
      LOG_ANALYTICS_WORKSPACES: JSON.stringify(names.map((name) => ({ name, id: WORKSPACES[name] }))),
      LOG_ANALYTICS_ENDPOINT: logAnalytics.endpoint,
      STATE_TABLE_ENDPOINT: proxy.through(tables.connectionString),
      SERVICE_BUS_NAMESPACE: broker.connectionString,
    }),
    openFaultProxy: async () => {
      const another = await openFaultProxy(tables.port);
      gates.push(another);
      return { proxy: another, settings: { STATE_TABLE_ENDPOINT: another.through(tables.connectionString) } };
    },
    compose: (change = {}) => {
      const config = parseConfig({ ...stage.settings(), ...change });
      const logger = pino(
        { level: "debug", base: null, formatters: { level: (level) => ({ level }) } },
        { write: (line: string) => void log.push(JSON.parse(line)) },
      );
      return compose(config, logger, { clock, retry: PATIENCE });
    },
    run: (change) => run({ ...stage.compose().service, ...change }),
    approve: async (approvals) => {
      const table = stage.compose().service.approvals;
      const outcome = await table.apply(approvals, (await table.pointer()) ?? 0);
      if (outcome.kind !== "applied") throw new Error("another set of approvals was put in at the same time");
    },
    onQueue: () => broker.messages(QUEUE).flatMap(toOnQueue),
    wavesOnQueue: () =>
      broker.messages(QUEUE).flatMap((message) => {
        const event = eventOf(message);
        return event.type === "firstsight.wave.v1" ? [event.data.wave.id] : [];
      }),
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

const toRow = ({ device, at, ingested = at, name = `ws-${device.slice(0, 6)}` }: Seen): StageRow => ({
  table: "DeviceFileCertificateInfo",
  at,
  ingested,
  columns: {
    DeviceId: device,
    DeviceName: name,
    MachineGroup: SEEN_GROUP,
    SHA1: SEEN_FILE,
    IsSigned: true,
    IsTrusted: true,
    Signer: "Level Software, Inc.",
    ReportId: 4711,
  },
});

type Message = ReturnType<Broker["messages"]>[number];

/** @throws {Error} for a message that the committed contract does not allow: none is ever looked at without that */
function eventOf({ body }: Message): ReturnType<typeof anyEvent.parse> {
  const event: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
  const problems = validatesContract(event);
  if (problems.length > 0) throw new Error(`a message on the queue breaks the contract: ${problems.join("; ")}`);
  return anyEvent.parse(event);
}

/** @throws {Error} as `eventOf` */
function toOnQueue(message: Message): readonly OnQueue[] {
  const event = eventOf(message);
  if (event.type === "firstsight.wave.v1") return [];
  if (event.type === "firstsight.wave-members.v1")
    return event.data.members.map(({ id, device, cause, kind, announcement }) => ({
      id,
      deviceId: device.id,
      tool: event.data.detection.tool,
      cause,
      kind,
      announcement,
      missing: [],
      wave: event.data.wave.id,
    }));
  return [
    {
      id: String(message.messageId),
      deviceId: event.data.device.id,
      tool: event.data.detection.tool,
      cause: event.data.cause,
      kind: event.data.sighting.kind,
      announcement: event.data.sighting.announcement,
      missing: event.data.evidence?.missing ?? [],
    },
  ];
}
