import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { approvalsTable } from "../../shared/azure/approvals-table.ts";
import { packs } from "../../shared/catalog/generated/packs.ts";
import { parseConfig } from "../../shared/settings/config.ts";
import { examine } from "../../shared/operations/doctor/examine.ts";
import type { Finding } from "../../shared/operations/doctor/finding.ts";
import { assessQueue } from "../../shared/operations/doctor/assess-queue.ts";
import { SCHEMAS } from "../../shared/kql/schema.ts";
import { tableOf } from "../../shared/kql/table-data.ts";
import type { EmbeddedAzure } from "../local/embedded/azure.ts";
import { startAzure } from "../local/embedded/azure.ts";
import { makeFleet } from "../local/fleet.ts";
import type { FaultProxy } from "../local/fault-proxy.ts";
import { openFaultProxy } from "../local/fault-proxy.ts";
import { notResolved } from "../../shared/local/log-analytics/not-resolved.ts";
import type { LogAnalyticsStandIn } from "../../shared/local/log-analytics/server.ts";
import { startLogAnalytics } from "../../shared/local/log-analytics/server.ts";
import type { ManagementStandIn } from "../local/management/server.ts";
import { DEPLOYED_QUEUE, startManagement } from "../local/management/server.ts";
import type { Broker } from "../local/service-bus/broker.ts";
import { startBroker } from "../local/service-bus/broker.ts";
import type { Tables } from "../local/tables.ts";
import { startTables } from "../local/tables.ts";
import { fromTemplate } from "../fixtures/approval-samples.ts";
import {
  allRows,
  CERTIFICATES,
  CUSTOMER,
  HOUR,
  managed,
  NOW,
  QUEUE,
  rowsOf,
  TABLES,
  WORKSPACE,
} from "./doctor-samples.ts";

describe("what it says", () => {
  let tables: Tables;
  let proxy: FaultProxy;
  let broker: Broker;
  let logAnalytics: LogAnalyticsStandIn;
  let management: ManagementStandIn;
  let rows = allRows();

  beforeAll(async () => {
    tables = await startTables({});
    await tables.createTables(["Sightings", "Coverage", "Approvals"]);
    proxy = await openFaultProxy(tables.port);
    broker = await startBroker();
    logAnalytics = await startLogAnalytics({
      now: () => NOW,
      workspaces: { [CUSTOMER]: () => ({ tables: rows }) },
    });
    management = await startManagement(managed());
  });
  afterAll(async () => {
    for (const one of [management, logAnalytics, broker, proxy]) await one.close();
    await tables.stop();
  });
  beforeEach(() => {
    rows = allRows();
    management.state = managed();
  });
  afterEach(async () => {
    logAnalytics.onQuery = undefined;
    proxy.before = () => "pass";
    broker.hooks = {};
  });

  const look = (change: { located?: false; sendTestMessage?: true; env?: Record<string, string> } = {}) =>
    examine({
      config: parseConfig({
        LOG_ANALYTICS_WORKSPACES: JSON.stringify([{ name: "soc", id: CUSTOMER }]),
        LOG_ANALYTICS_ENDPOINT: logAnalytics.endpoint,
        STATE_TABLE_ENDPOINT: proxy.through(tables.connectionString),
        SERVICE_BUS_NAMESPACE: broker.connectionString,
        ...change.env,
      }),
      packs,
      addresses: {
        endpoint: management.endpoint,
        workspaceResourceIds: change.located === false ? [] : [WORKSPACE],
        ...(change.located !== false && { queueResourceId: QUEUE }),
      },
      now: NOW,
      sendTestMessage: change.sendTestMessage === true,
    });
  const emptyTable = async (name: string): Promise<void> => {
    const table = tables.client(name);
    for await (const { partitionKey = "", rowKey = "" } of table.listEntities())
      await table.deleteEntity(partitionKey, rowKey);
  };
  const wrong = (findings: readonly Finding[]): readonly string[] =>
    findings.filter(({ status }) => status === "wrong").map(({ about, found }) => `${about}: ${found}`);
  const statusOf = (findings: readonly Finding[], about: string): string | undefined =>
    findings.find((finding) => finding.about === about)?.status;

  test("all is as deployed – every line is ok, and nothing is left behind", async () => {
    const findings = await look();
    expect(findings.filter(({ status }) => status !== "ok")).toEqual([]);
    const about = findings.map((finding) => finding.about);
    expect(about).toEqual(
      expect.arrayContaining([
        "settings",
        "schedule DETECT_SCHEDULE",
        "workspace soc",
        ...TABLES.flatMap((name) => [name, `${name}, plan`, `${name}, retention`]).map(
          (name) => `workspace soc: ${name}`,
        ),
        `workspace soc: ${CERTIFICATES}, Signer`,
        `workspace soc: ${CERTIFICATES}, SHA1`,
        "state: table Sightings",
        "state: writing",
        "approvals",
        "queue sightings, duplicate detection",
        "queue sightings, lock",
        "queue sightings, time to live",
      ]),
    );
    expect(TABLES).toEqual(
      expect.arrayContaining([
        CERTIFICATES,
        "DeviceFileEvents",
        "DeviceProcessEvents",
        "DeviceEvents",
        "DeviceLogonEvents",
      ]),
    );
    expect(broker.messages("sightings")).toEqual([]);
    const left: unknown[] = [];
    for await (const entity of tables.client("Sightings").listEntities()) left.push(entity);
    expect(left).toEqual([]);
  });

  const SEEDED: readonly (readonly [string, () => void, readonly string[]])[] = [
    [
      "no role",
      () => {
        logAnalytics.onQuery = () => ({
          status: 403,
          body: {
            error: { code: "InsufficientAccessError", message: "The provided credentials have insufficient access" },
          },
        });
      },
      ["workspace soc: this login may not query it: workspace soc, freshness of"],
    ],
    [
      "a missing table",
      () => {
        logAnalytics.onQuery = ({ query }) => (query.includes(CERTIFICATES) ? notResolved(CERTIFICATES) : undefined);
      },
      [`workspace soc: ${CERTIFICATES}: the table is not there`],
    ],
    [
      "a table on the Basic plan",
      () => {
        management.state = managed({ table: { plan: "Basic" } });
      },
      [`workspace soc: ${CERTIFICATES}, plan: Basic`],
    ],
    [
      "a silent table",
      () => {
        rows[CERTIFICATES] = rowsOf(CERTIFICATES, new Date(NOW.getTime() - 30 * HOUR));
      },
      [`workspace soc: ${CERTIFICATES}: silent: its newest row is of 2026-03-09T06:00Z`],
    ],
    [
      "an empty Signer column",
      () => {
        rows[CERTIFICATES] = rowsOf(CERTIFICATES, NOW, { Signer: "" });
      },
      [`workspace soc: ${CERTIFICATES}, Signer: empty in all of the last day's rows`],
    ],
    [
      "a short retention",
      () => {
        management.state = managed({ table: { retentionInDays: 7 } });
      },
      [`workspace soc: ${CERTIFICATES}, retention: 7 days, less than HORIZON_DAYS (30)`],
    ],
    [
      "a queue without duplicate detection",
      () => {
        management.state = managed({ queue: { requiresDuplicateDetection: false } });
      },
      ["queue sightings, duplicate detection: off"],
    ],
    [
      "a missing queue",
      () => {
        broker.hooks = { entityMissing: true };
      },
      ["queue sightings: there is no such queue"],
    ],
    [
      "a state account that is read-only",
      () => {
        proxy.before = ({ kind }) =>
          kind === "read" ? "pass" : { status: 403, code: "AuthorizationPermissionMismatch" };
      },
      ["state: writing: a row could not be written and removed: refused (403)"],
    ],
  ];

  test.each(SEEDED)("%s – is named, with what to do, and nothing else is", async (_name, seed, expected) => {
    seed();
    const findings = await look();
    const said = wrong(findings);
    expect(said).toHaveLength(expected.length);
    for (const [i, text] of expected.entries()) expect(said[i]).toContain(text);
    for (const { status, todo } of findings) if (status === "wrong") expect(todo).toMatch(/\w/);
  });

  test("no management address – says what it did not look at, as no fault", async () => {
    const findings = await look({ located: false });
    expect(findings.filter(({ status }) => status !== "ok")).toMatchObject([
      {
        status: "unseen",
        about: "workspace soc, plan and retention of its tables",
        todo: expect.stringContaining("--workspace-resource-id"),
      },
      {
        status: "unseen",
        about: "queue sightings, duplicate detection, lock and time to live",
        todo: expect.stringContaining("--queue-resource-id"),
      },
    ]);
  });

  test("a caller who may not read the management – is told so, as no fault", async () => {
    management.state = { ...managed(), denied: [`${WORKSPACE}/tables`, QUEUE] };
    const findings = await look();
    expect(findings.filter(({ status }) => status !== "ok")).toMatchObject([
      {
        status: "unseen",
        found: expect.stringContaining("you may not read it"),
        todo: expect.stringContaining("Reader"),
      },
      {
        status: "unseen",
        found: expect.stringContaining("you may not read it"),
        todo: expect.stringContaining("Reader"),
      },
    ]);
  });

  test("a resource id of another workspace – is not taken for one of the settings", async () => {
    management.state = {
      ...managed(),
      workspaces: { [WORKSPACE]: { customerId: "00000000-0000-4000-8000-0000000000ff", tables: {} } },
    };
    const findings = await look();
    expect(wrong(findings)).toEqual([]);
    expect(findings).toContainEqual(
      expect.objectContaining({ about: "workspace resource soc", found: "LOG_ANALYTICS_WORKSPACES does not name it" }),
    );
  });

  test("an evidence table that is silent – is advice while no approval counts on it", async () => {
    delete rows["DeviceLogonEvents"];
    const findings = await look();
    expect(wrong(findings)).toEqual([]);
    expect(statusOf(findings, "workspace soc: DeviceLogonEvents")).toBe("advice");
  });

  test.each([
    [
      "missing, as the query says",
      "the table is not there",
      () => {
        logAnalytics.onQuery = ({ query }) =>
          query.includes("DeviceLogonEvents") ? notResolved("DeviceLogonEvents") : undefined;
      },
    ],
    [
      "missing, as its management says",
      "the table is not there",
      () => {
        delete rows["DeviceLogonEvents"];
        const { queues, workspaces } = managed();
        const { DeviceLogonEvents: _gone, ...others } = workspaces[WORKSPACE]?.tables ?? {};
        management.state = { queues, workspaces: { [WORKSPACE]: { customerId: CUSTOMER, tables: others } } };
      },
    ],
    [
      "silent",
      "silent: no row in the last 7 days",
      () => {
        delete rows["DeviceLogonEvents"];
      },
    ],
  ])("an evidence table, %s – is wrong once an approval is in force", async (_name, found, seed) => {
    seed();
    const table = approvalsTable(tables.client("Approvals"));
    await table.apply([fromTemplate("microsoft-endpoint-manager")], 0);
    try {
      const findings = await look();
      expect(wrong(findings)).toEqual([`workspace soc: DeviceLogonEvents: ${found}`]);
      expect(findings.find(({ about }) => about === "approvals")?.found).toBe("set 1 is complete: 1 approval");
    } finally {
      await emptyTable("Approvals");
    }
  });

  test("the pointer of the approvals is gone after a run – is wrong, and is no empty set", async () => {
    await tables.client("Coverage").createEntity({ partitionKey: "epoch", rowKey: "0" });
    try {
      expect(wrong(await look())).toEqual([
        "approvals: the service has run, and there is no set of approvals: each run fails",
      ]);
    } finally {
      await emptyTable("Coverage");
    }
  });

  test("a table of the state is not there – is named once", async () => {
    proxy.before = ({ path }) => (path.includes("Coverage") ? { status: 404, code: "TableNotFound" } : "pass");
    expect(wrong(await look())).toEqual(["state: table Coverage: is not there"]);
  });

  test.each([
    ["the broker", () => (broker.hooks = { refuseConnections: true }), "queue sightings: it can't be reached"],
    [
      "Log Analytics",
      () => (logAnalytics.onQuery = () => ({ status: 400, body: {} })),
      "workspace soc: it could not be read",
    ],
  ])("%s fails – is said with the reason, and the rest is looked at", async (_name, seed, expected) => {
    seed();
    const findings = await look();
    expect(wrong(findings)[0]).toContain(expected);
    expect(statusOf(findings, "state: writing")).toBe("ok");
    expect(statusOf(findings, "queue sightings, lock")).toBe("ok");
  });

  test.each([
    ["SHA1 empty", { SHA1: "" }, `workspace soc: ${CERTIFICATES}, SHA1`],
    ["fewer than before", {}, `workspace soc: ${CERTIFICATES}, Signer`],
  ])("a column, %s – is wrong", async (name, change, about) => {
    const schema = SCHEMAS["log-analytics"][CERTIFICATES] ?? [];
    const at = (i: number): Date => new Date(NOW.getTime() - i * (HOUR / 2));
    rows[CERTIFICATES] =
      name === "SHA1 empty"
        ? rowsOf(CERTIFICATES, NOW, change)
        : tableOf(
            schema,
            Array.from({ length: 96 }, (_, i) => ({
              $ingested: at(i),
              TimeGenerated: at(i),
              SHA1: "ab",
              Signer: i === 0 || i > 48 ? "AnyDesk Software GmbH" : "",
            })),
          );
    const findings = await look();
    expect(findings.filter(({ status }) => status !== "ok").map((finding) => finding.about)).toEqual([about]);
    expect(statusOf(findings, about)).toBe("wrong");
  });

  test("a weaker queue – is advice for its times and wrong where messages vanish", async () => {
    management.state = managed({
      queue: {
        duplicateDetectionHistoryTimeWindow: "PT10M",
        lockDuration: "PT30S",
        defaultMessageTimeToLive: "P1D",
        deadLetteringOnMessageExpiration: false,
        status: "SendDisabled",
      },
    });
    const findings = await look();
    expect(findings.filter(({ status }) => status !== "ok").map(({ status, about }) => `${status} ${about}`)).toEqual([
      "advice queue sightings, duplicate detection",
      "advice queue sightings, lock",
      "advice queue sightings, time to live",
      "wrong queue sightings, expired messages",
      "wrong queue sightings, state",
    ]);
  });

  test("messages that never expire – are as good as any", async () => {
    management.state = managed({ queue: { defaultMessageTimeToLive: "P10675199DT2H48M5.4775807S" } });
    expect(statusOf(await look(), "queue sightings, time to live")).toBe("ok");
  });

  test("schedules – one that never comes, and one that leaves more than the lookback", async () => {
    const env = { DETECT_SCHEDULE: "0 0 0 1 * *", RETAIN_SCHEDULE: "0 0 0 30 2 *" };
    expect(wrong(await look({ env }))).toEqual([
      "schedule DETECT_SCHEDULE: 0 0 0 1 * * lets up to 31 days pass between two times",
      "schedule RETAIN_SCHEDULE: 0 0 0 30 2 * never comes",
    ]);
  });

  test("a caller who may not send – is told so, as no fault", () => {
    const link = { kind: "denied", reason: "UnauthorizedAccess" } as const;
    const [first, ...rest] = assessQueue({ name: "sightings", link, managed: { kind: "read", value: DEPLOYED_QUEUE } });
    expect(first).toMatchObject({ status: "unseen", todo: expect.stringContaining("Azure Service Bus Data Sender") });
    expect(rest.map(({ status }) => status)).toEqual(["ok", "ok", "ok"]);
  });

  test("--send-test-message – one that is refused is wrong", async () => {
    broker.hooks = { onSend: () => ({ reject: "amqp:resource-limit-exceeded", description: "full" }) };
    const findings = await look({ sendTestMessage: true });
    expect(wrong(findings)).toEqual([expect.stringMatching(/^queue sightings, test message: .*QuotaExceeded: .*full/)]);
  });

  test("--send-test-message – one message, of no type that the contract knows", async () => {
    const findings = await look({ sendTestMessage: true });
    expect(statusOf(findings, "queue sightings, test message")).toBe("ok");
    expect(broker.messages("sightings")).toHaveLength(1);
  });
});

describe("the command against the embedded services", () => {
  const CLI = fileURLToPath(new URL("../../shared/cli/main.ts", import.meta.url));
  let azure: EmbeddedAzure;
  let management: ManagementStandIn;
  beforeAll(async () => {
    const fleet = makeFleet({ devices: 50, seed: 1, now: new Date() });
    azure = await startAzure(() => fleet, undefined);
    management = await startManagement(managed());
  });
  afterAll(async () => {
    await management.close();
    await azure.close();
  });

  interface Said {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }
  const doctor = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Said> =>
    new Promise((done) => {
      const all = { ...process.env, ...azure.settings, FIRSTSIGHT_MANAGEMENT_ENDPOINT: management.endpoint, ...env };
      const asked = [CLI, "doctor", "--settings", "none.json", ...args];
      execFile(process.execPath, asked, { env: all }, (error, stdout, stderr) =>
        done({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, stdout, stderr }),
      );
    });
  const LOCATED = ["--workspace-resource-id", WORKSPACE, "--queue-resource-id", QUEUE];

  test("exits 0, a line each", async () => {
    const { code, stdout, stderr } = await doctor(LOCATED);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^ok +workspace soc: DeviceFileCertificateInfo: \d+ rows in the last day/m);
    expect(stdout).toMatch(/\d+ checked: 0 wrong/);
  });

  test("something is wrong – exits 1; --json says it to machines", async () => {
    management.state = managed({ queue: { requiresDuplicateDetection: false } });
    const { code, stdout } = await doctor(["--json"], {
      FIRSTSIGHT_WORKSPACE_RESOURCE_IDS: WORKSPACE,
      FIRSTSIGHT_QUEUE_RESOURCE_ID: QUEUE,
    });
    expect(code).toBe(1);
    const answer = JSON.parse(stdout) as { readonly ok: boolean; readonly findings: readonly Finding[] };
    expect(answer.ok).toBe(false);
    expect(answer.findings.filter(({ status }) => status === "wrong").map(({ about }) => about)).toEqual([
      "queue sightings, duplicate detection",
    ]);
  });

  test("no login – is said, nobody is asked, and it is no missing role", async () => {
    const { code, stdout } = await doctor([...LOCATED, "--json"], {
      PATH: "/nonexistent",
      LOG_ANALYTICS_ENDPOINT: "https://logs.invalid",
      STATE_TABLE_ENDPOINT: "https://state.invalid",
      FIRSTSIGHT_MANAGEMENT_ENDPOINT: "https://management.azure.com",
    });
    expect(code).toBe(1);
    const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
    const amiss = findings.filter(({ status }) => status !== "ok");
    expect(amiss.map(({ status, about }) => `${status} ${about}`)).toEqual([
      "unseen workspace resource soc",
      "wrong workspace soc",
      "unseen workspace soc, plan and retention of its tables",
      "unseen state: table Sightings",
      "unseen state: table Coverage",
      "unseen state: table Approvals",
      "unseen queue sightings, duplicate detection, lock and time to live",
    ]);
    for (const about of ["workspace soc", "state: table Sightings"])
      expect(amiss.find((finding) => finding.about === about)).toMatchObject({
        found: expect.stringContaining("no token"),
        todo: expect.stringContaining("az login"),
      });
  });

  test.each([
    ["a malformed setting", [], { HORIZON_DAYS: "a month" }, "HORIZON_DAYS has to be a whole number of 1 to 365"],
    ["a resource id that is none", ["--queue-resource-id", "sightings"], {}, "Microsoft.ServiceBus/namespaces"],
    ["a management endpoint of somebody", ["--management-endpoint", "https://example.com"], {}, "on this machine"],
  ])("%s – exits 2 and says how to mend it", async (_name, args, env, message) => {
    const { code, stderr } = await doctor(args, env);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
