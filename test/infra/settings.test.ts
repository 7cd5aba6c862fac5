import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseConfig } from "../../shared/settings/config.ts";
import { SETTINGS } from "../../shared/settings/settings.ts";
import { schema } from "../../shared/settings/schema.ts";
import type { SnapshotName } from "./snapshot.ts";
import { account, only, SNAPSHOTS } from "./snapshot.ts";

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");

/** The host's own: where it keeps its state and sends its telemetry, with the identity. */
const OF_THE_HOST = [
  "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
  "APPLICATIONINSIGHTS_CONNECTION_STRING",
  "AzureWebJobsStorage__blobServiceUri",
  "AzureWebJobsStorage__clientId",
  "AzureWebJobsStorage__credential",
];
const OF_THE_LOCAL_HOST: ReadonlySet<string> = new Set(["AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME"]);

const appSettings = (name: SnapshotName): Readonly<Record<string, string>> =>
  only(name, "Microsoft.Web/sites/config").properties as Record<string, string>;

const NAMES = SETTINGS.map(({ name }) => name).toSorted();

test("Bicep, the configuration's schema, the sample of local settings and the page's table name the same settings", () => {
  const section = read("docs/settings.md");
  const table = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => String(name));
  const { Values } = JSON.parse(read("local.settings.sample.json"));
  expect({
    schema: Object.keys(schema.shape).toSorted(),
    sample: Object.keys(Values)
      .filter((name) => !OF_THE_LOCAL_HOST.has(name))
      .toSorted(),
    page: table.toSorted(),
    bicep: SNAPSHOTS.map((name) =>
      Object.keys(appSettings(name))
        .filter((setting) => !OF_THE_HOST.includes(setting))
        .toSorted(),
    ),
  }).toEqual({ schema: NAMES, sample: NAMES, page: NAMES, bicep: SNAPSHOTS.map(() => NAMES) });
});

test("the host's settings are those of an identity, and no other", () => {
  for (const name of SNAPSHOTS) {
    const settings = appSettings(name);
    expect(
      Object.keys(settings)
        .filter((setting) => !NAMES.some((known) => known === setting))
        .toSorted(),
    ).toEqual(OF_THE_HOST);
    expect(settings["AzureWebJobsStorage__credential"]).toBe("managedidentity");
    expect(settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]).toMatch(
      /^\[format\('ClientId=\{0\};Authorization=AAD', .*\.outputs\.clientId\.value\)\]$/,
    );
  }
});

/** Which output of which module a value is. */
const source = (value: string | undefined): string | undefined =>
  /format\('(\w+)-\{0\}'.*\.outputs\.(\w+)\.value\]$/
    .exec(value ?? "")
    ?.slice(1)
    .join(".");

test("what only Azure knows comes from the module that makes it", () => {
  for (const name of SNAPSHOTS) {
    const settings = appSettings(name);
    expect(source(settings["AzureWebJobsStorage__blobServiceUri"])).toBe("hostStorage.blobEndpoint");
    expect(source(settings["AzureWebJobsStorage__clientId"])).toBe("identity.clientId");
    expect(source(settings["APPLICATIONINSIGHTS_CONNECTION_STRING"])).toBe("monitoring.connectionString");
    expect(source(settings["STATE_TABLE_ENDPOINT"])).toBe("stateStorage.tableEndpoint");
    expect(source(settings["SERVICE_BUS_NAMESPACE"])).toBe("serviceBus.hostName");
    expect(source(settings["AZURE_CLIENT_ID"])).toBe("identity.clientId");
    // The state's name says what it is, and the host's.
    expect(account(name, "state")).toMatch(/\/firstsights\w+$/);
    expect(account(name, "host")).toMatch(/\/firstsighth\w+$/);
  }
});

/** As the service sees them, once Azure has put in what it knows. */
const deployed = (name: SnapshotName) =>
  parseConfig({
    ...appSettings(name),
    STATE_TABLE_ENDPOINT: "https://account.table.core.windows.net/",
    SERVICE_BUS_NAMESPACE: "namespace.servicebus.windows.net",
    AZURE_CLIENT_ID: "00000000-0000-4000-8000-00000000cccc",
    IDENTITY_ENDPOINT: "http://127.0.0.1/",
  });

test("the deployed settings are a configuration: the defaults, and the queue that is deployed", () => {
  const byDefault = parseConfig({
    LOG_ANALYTICS_WORKSPACES: '[{"name":"soc","id":"00000000-0000-4000-8000-000000000001"}]',
    STATE_TABLE_ENDPOINT: "https://account.table.core.windows.net/",
    SERVICE_BUS_NAMESPACE: "namespace.servicebus.windows.net",
    AZURE_CLIENT_ID: "00000000-0000-4000-8000-00000000cccc",
    IDENTITY_ENDPOINT: "http://127.0.0.1/",
  });
  expect(deployed("production")).toEqual(byDefault);
  expect(deployed("minimal")).toEqual(byDefault);
  for (const name of SNAPSHOTS)
    expect(only(name, "Microsoft.ServiceBus/namespaces/queues").id).toMatch(
      new RegExp(`/queues/${deployed(name).queue}$`),
    );
});

test("the host finds its three schedules, even where none was asked for", () => {
  const defaults = Object.fromEntries(
    SETTINGS.flatMap((setting) =>
      setting.name.endsWith("_SCHEDULE") && "default" in setting ? [[setting.name, setting.default]] : [],
    ),
  );
  expect(Object.keys(defaults)).toHaveLength(3);
  expect(appSettings("minimal")).toMatchObject(defaults);
});

test("what a parameter file asks for reaches the service", () => {
  const asked = deployed("several");
  expect(asked).toMatchObject({
    schedules: { detect: "0 */30 * * * *" },
    readWindows: { lookback: 7 * 86_400_000 },
    dormancyDays: 0,
    waveThreshold: 50,
    logLevel: "debug",
  });
  expect(asked.workspaces).toEqual([
    { name: "soc", id: "00000000-0000-4000-8000-000000000001" },
    { name: "plant", id: "00000000-0000-4000-8000-000000000002" },
    {
      name: "customer",
      id: "00000000-0000-4000-8000-000000000003",
      tenant: "00000000-0000-4000-8000-00000000eeee",
    },
  ]);
});
