import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../../shared/settings/config.ts";
import type { Config, Env } from "../../../shared/settings/config.ts";
import { ConfigError } from "../../../shared/errors.ts";
import { isLoopbackConnectionString, isLoopbackUrl } from "../../../shared/settings/loopback.ts";
import { ncrontabProblem } from "../../../shared/settings/ncrontab.ts";
import { SETTINGS } from "../../../shared/settings/settings.ts";

const ID = "0f8fad5b-d9cb-469f-a165-70867728950e";
const OTHER_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const BUS = "Endpoint=sb://127.0.0.1:5672;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true;";
const AZURITE =
  "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=a2V5;TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;";

const required: Env = {
  LOG_ANALYTICS_WORKSPACES: JSON.stringify([{ name: "soc", id: ID }]),
  STATE_TABLE_ENDPOINT: "https://account.table.core.windows.net",
  SERVICE_BUS_NAMESPACE: "ns.servicebus.windows.net",
};

const parse = (over: Env): Config => parseConfig({ ...required, ...over });

function problemsOf(env: Env): readonly string[] {
  try {
    parseConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}
const problems = (over: Env): readonly string[] => problemsOf({ ...required, ...over });

describe("parseConfig", () => {
  it("fills in the defaults, durations in milliseconds", () => {
    expect(parseConfig(required)).toEqual({
      workspaces: [{ name: "soc", id: ID }],
      stateTable: { kind: "endpoint", endpoint: "https://account.table.core.windows.net" },
      serviceBus: { kind: "endpoint", endpoint: "ns.servicebus.windows.net" },
      queue: "sightings",
      identity: { kind: "developer" },
      schedules: { detect: "0 */15 * * * *", relay: "0 */5 * * * *", retain: "0 30 3 * * *" },
      readWindows: { lookback: 5 * 86_400_000, horizon: 30 * 86_400_000, overlap: 6 * 3_600_000 },
      dormancyDays: 90,
      retentionDays: 400,
      runBudgetMs: 480_000,
      announceLimit: 2000,
      waveThreshold: 25,
      logAnalytics: { endpoint: "https://api.loganalytics.azure.com", audience: "https://api.loganalytics.io" },
      logLevel: "info",
    });
  });

  it("takes emptied settings for absent, and spaces around a value for none", () => {
    expect(parse({ LOOKBACK_DAYS: "", SERVICE_BUS_QUEUE: "  ", LOG_LEVEL: " debug " })).toMatchObject({
      queue: "sightings",
      logLevel: "debug",
    });
  });

  it("names everything that is missing in an empty environment, once each", () => {
    expect(problemsOf({})).toEqual([
      expect.stringMatching(/^LOG_ANALYTICS_WORKSPACES is missing/),
      expect.stringMatching(/^STATE_TABLE_ENDPOINT is missing/),
      expect.stringMatching(/^SERVICE_BUS_NAMESPACE is missing/),
    ]);
  });

  it("says all problems at once: missing, malformed and contradictions", () => {
    const found = problemsOf({
      ...required,
      STATE_TABLE_ENDPOINT: undefined,
      LOOKBACK_DAYS: "five",
      DORMANCY_DAYS: "20",
      DETECT_SCHEDULE: "* * *",
      LOG_LEVEL: "loud",
    });
    expect(found.map((problem) => problem.split(" ")[0])).toEqual([
      "STATE_TABLE_ENDPOINT",
      "DETECT_SCHEDULE",
      "LOOKBACK_DAYS",
      "LOG_LEVEL",
      "DORMANCY_DAYS",
    ]);
  });

  it.each<[string, string, RegExp]>([
    ["LOG_ANALYTICS_WORKSPACES", "[{", /^LOG_ANALYTICS_WORKSPACES is not JSON/],
    ["LOG_ANALYTICS_WORKSPACES", "[]", /one or more/],
    ["LOG_ANALYTICS_WORKSPACES", '{"name":"a"}', /has to be a JSON array/],
    ["LOG_ANALYTICS_WORKSPACES", '["x"]', /^LOG_ANALYTICS_WORKSPACES\[0\] has to be an object/],
    [
      "LOG_ANALYTICS_WORKSPACES",
      '[{"name":"soc","id":"not-a-guid"}]',
      /^LOG_ANALYTICS_WORKSPACES\[0\]\.id has to be the workspace's customer id/,
    ],
    ["LOG_ANALYTICS_WORKSPACES", '[{"name":"soc"}]', /^LOG_ANALYTICS_WORKSPACES\[0\]\.id has to be/],
    ["LOG_ANALYTICS_WORKSPACES", `[{"name":"so c","id":"${ID}"}]`, /\[0\]\.name has to be 1 to 63/],
    [
      "LOG_ANALYTICS_WORKSPACES",
      `[{"name":"soc","id":"${ID}","key":"x"}]`,
      /\[0\] has to be an object of "name", "id"/,
    ],
    [
      "LOG_ANALYTICS_WORKSPACES",
      `[{"name":"soc","id":"${ID}"},{"name":"SOC","id":"${OTHER_ID}"}]`,
      /\[1\]\.name stands there twice/,
    ],
    [
      "LOG_ANALYTICS_WORKSPACES",
      `[{"name":"a","id":"${ID}"},{"name":"b","id":"${ID.toUpperCase()}"}]`,
      /\[1\]\.id stands there twice/,
    ],
    ["STATE_TABLE_ENDPOINT", "http://account.table.core.windows.net", /accepted for loopback addresses only/],
    ["STATE_TABLE_ENDPOINT", "https://account.table.core.windows.net/?sv=2024&sig=abc", /without SAS/],
    [
      "STATE_TABLE_ENDPOINT",
      "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5;EndpointSuffix=core.windows.net",
      /loopback addresses only/,
    ],
    [
      "STATE_TABLE_ENDPOINT",
      "AccountName=a;AccountKey=a2V5;TableEndpoint=https://a.table.core.windows.net",
      /loopback addresses only/,
    ],
    [
      "SERVICE_BUS_NAMESPACE",
      "Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=k",
      /loopback addresses only/,
    ],
    ["SERVICE_BUS_NAMESPACE", "sb://ns.servicebus.windows.net", /without sb:\/\//],
    ["SERVICE_BUS_NAMESPACE", "ns", /host name/],
    ["SERVICE_BUS_QUEUE", "a queue", /queue's name/],
    ["AZURE_CLIENT_ID", "me", /a GUID/],
    ["DETECT_SCHEDULE", "*/15 * * * *", /has 5 fields, not the six/],
    ["RELAY_SCHEDULE", "0 */5 * * * 9", /day of week has to be \*, or values of 0 to 6/],
    ["RETAIN_SCHEDULE", "0 60 25 * * *", /minute has to be .* 0 to 59, hour has to be .* 0 to 23/],
    ["LOOKBACK_DAYS", "0", /whole number of 1 to 30/],
    ["LOOKBACK_DAYS", "1e1", /whole number/],
    ["RUN_BUDGET_MINUTES", "-8", /whole number of 1 to 60/],
    ["ANNOUNCE_LIMIT", "0", /whole number of 1 to 100000/],
    ["LOG_ANALYTICS_ENDPOINT", "http://api.loganalytics.io", /https URL/],
    ["LOG_ANALYTICS_AUDIENCE", "api", /https URL/],
    ["LOG_LEVEL", "silent", /trace, debug/],
  ])("%s – refuses %s, by name and without its value", (name, value, message) => {
    const found = problems({ [name]: value });
    expect(found).toEqual([expect.stringMatching(message)]);
    expect(found[0]?.startsWith(name)).toBe(true);
    if (value.length > 8) expect(found[0]).not.toContain(value);
  });

  it.each<[string, Env, RegExp | undefined]>([
    ["lookback as long as the horizon", { LOOKBACK_DAYS: "30" }, undefined],
    [
      "lookback beyond the horizon",
      { LOOKBACK_DAYS: "8", HORIZON_DAYS: "7" },
      /^LOOKBACK_DAYS has to be at most HORIZON_DAYS/,
    ],
    ["overlap beyond the horizon", { OVERLAP_HOURS: "49", LOOKBACK_DAYS: "2", HORIZON_DAYS: "2" }, /^OVERLAP_HOURS/],
    ["no dormancy", { DORMANCY_DAYS: "0" }, undefined],
    ["dormancy as long as the horizon", { DORMANCY_DAYS: "30" }, /^DORMANCY_DAYS has to be 0 or more/],
    ["dormancy a day longer", { DORMANCY_DAYS: "31" }, undefined],
    ["retention as long as dormancy", { RETENTION_DAYS: "90" }, /^RETENTION_DAYS has to be more than DORMANCY_DAYS/],
    [
      "retention as long as horizon and lookback",
      { DORMANCY_DAYS: "0", RETENTION_DAYS: "35" },
      /^RETENTION_DAYS has to be more than HORIZON_DAYS \+ LOOKBACK_DAYS/,
    ],
    ["retention a day longer", { DORMANCY_DAYS: "0", RETENTION_DAYS: "36" }, undefined],
  ])("contradictions – %s", (_name, over, message) => {
    expect(problems(over)).toEqual(message === undefined ? [] : [expect.stringMatching(message)]);
  });

  it("accepts connection strings and plain http on this machine", () => {
    expect(
      parse({
        STATE_TABLE_ENDPOINT: AZURITE,
        SERVICE_BUS_NAMESPACE: BUS,
        LOG_ANALYTICS_ENDPOINT: "http://127.0.0.1:8080",
      }),
    ).toMatchObject({
      stateTable: { kind: "loopback", connectionString: AZURITE },
      serviceBus: { kind: "loopback", connectionString: BUS },
      logAnalytics: { endpoint: "http://127.0.0.1:8080" },
    });
  });

  it("in Azure takes the managed identity, and wants its client id and no key", () => {
    const azure = { WEBSITE_INSTANCE_ID: "abc" };
    expect(parse({ ...azure, AZURE_CLIENT_ID: OTHER_ID }).identity).toEqual({ kind: "managed", clientId: OTHER_ID });
    expect(problems({ ...azure, STATE_TABLE_ENDPOINT: AZURITE })).toEqual([
      expect.stringMatching(/^AZURE_CLIENT_ID is missing/),
      expect.stringMatching(/^STATE_TABLE_ENDPOINT is a connection string/),
    ]);
    expect(parse({ AZURE_CLIENT_ID: OTHER_ID }).identity).toEqual({ kind: "developer" });
  });

  it("never prints a value, whatever it is and wherever it stands", () => {
    const secret = "S3CR3T-VALUE";
    for (const { name } of SETTINGS) {
      for (const value of [
        secret,
        `[{"name":"${secret} ","id":"${secret}","${secret}":1}]`,
        `Endpoint=sb://${secret};SharedAccessKey=${secret}`,
        `https://${secret}@host/?sig=${secret}`,
      ]) {
        expect(problems({ [name]: value }).join("\n")).not.toContain(secret);
      }
    }
  });

  it("throws nothing but ConfigError for any text", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SETTINGS.map(({ name }) => name)),
        fc.oneof(fc.string(), fc.json()),
        (name, value) => {
          problems({ [name]: value });
        },
      ),
    );
  });
});

describe("SETTINGS", () => {
  it("defaults are accepted as they stand", () => {
    const defaults = Object.fromEntries(
      SETTINGS.flatMap((setting) => ("default" in setting ? [[setting.name, setting.default]] : [])),
    );
    expect(parse(defaults)).toEqual(parseConfig(required));
  });

  it("the sample file names each one, with its default", () => {
    const sample: { readonly Values: Readonly<Record<string, string>> } = JSON.parse(
      readFileSync(new URL("../../../local.settings.sample.json", import.meta.url), "utf8"),
    );
    const { FUNCTIONS_WORKER_RUNTIME: _runtime, AzureWebJobsStorage: _host, ...values } = sample.Values;
    expect(Object.keys(values)).toEqual(SETTINGS.map(({ name }) => name));
    for (const setting of SETTINGS) if ("default" in setting) expect(values[setting.name]).toBe(setting.default);
    expect(problemsOf(values)).toEqual([]);
  });
});

describe("isLoopbackConnectionString", () => {
  it.each<[string, boolean]>([
    [BUS, true],
    [AZURITE, true],
    ["UseDevelopmentStorage=true", true],
    ["UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://127.0.0.1", true],
    ["UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://example.org", false],
    ["UseDevelopmentStorage=true;AccountName=a;AccountKey=k", false],
    ["Endpoint=sb://localhost.example.org;SharedAccessKey=k", false],
    ["Endpoint=sb://127.0.0.1@example.org;SharedAccessKey=k", false],
    ["Endpoint=sb://127.0.0.1;Endpoint=sb://ns.servicebus.windows.net;SharedAccessKey=k", false],
    ["Endpoint=sb://ns.servicebus.windows.net;Endpoint=sb://127.0.0.1;SharedAccessKey=k", false],
    [`${AZURITE}BlobEndpoint=https://a.blob.core.windows.net`, false],
    [`${AZURITE}EndpointSuffix=core.windows.net`, false],
    ["TableEndpoint=http://127.0.0.1:1/a;SharedAccessSignature=s", true],
    ["AccountName=a;AccountKey=k", false],
    ["", false],
    ["hello", false],
  ])("%s → %s", (text, expected) => {
    expect(isLoopbackConnectionString(text)).toBe(expected);
  });
});

it.each<[string, boolean]>([
  ["http://127.0.0.1:8080", true],
  ["http://localhost", true],
  ["http://[::1]:80/x", true],
  ["http://127.0.0.1.example.org", false],
  ["http://user@127.0.0.1", false],
  ["http://localhost@example.org", false],
  ["127.0.0.1", false],
])("isLoopbackUrl – %s → %s", (text, expected) => {
  expect(isLoopbackUrl(text)).toBe(expected);
});

describe("scheduleProblem", () => {
  it.each([
    "0 */15 * * * *",
    "0 30 3 * * *",
    "0 0 9-17 * * MON-FRI",
    "30,45 0 0 1 jan,jul *",
    "0 0-59/10 */2 1,15 * 0",
  ])("accepts %s", (text) => {
    expect(ncrontabProblem(text)).toBeUndefined();
  });
  it.each([
    "",
    "00:05:00",
    "* * * * *",
    "0 */0 * * * *",
    "0 5-1 * * * *",
    "0 0 0 0 * *",
    "0 0 0 * 13 *",
    "0 x * * * *",
    "0 *-5 * * * *",
    "0 1, * * * *",
    "0 0 0 * MON *",
  ])("refuses '%s'", (text) => {
    expect(ncrontabProblem(text)).toBeDefined();
  });
});
