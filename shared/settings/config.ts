import type { z } from "zod";
import type { ReadWindows } from "../core/plan.ts";
import { ConfigError } from "../errors.ts";
import type { Address } from "./address.ts";
import { SETTINGS } from "./settings.ts";
import { schema } from "./schema.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export type Env = Readonly<Record<string, string | undefined>>;

interface Workspace {
  readonly name: string;
  /** Customer id, GUID, lower-case. */
  readonly id: string;
  readonly tenant?: string;
}

/** Identity that gets the tokens: the user-assigned one in Azure, the Azure CLI's login elsewhere. */
export type Identity = { readonly kind: "managed"; readonly clientId: string } | { readonly kind: "developer" };

export interface Config {
  readonly workspaces: readonly Workspace[];
  /** `endpoint`: URL, https, or http for loopback. */
  readonly stateTable: Address;
  /** `endpoint`: the namespace's host name. */
  readonly serviceBus: Address;
  readonly queue: string;
  readonly identity: Identity;
  readonly schedules: { readonly detect: string; readonly relay: string; readonly retain: string };
  /** Milliseconds. */
  readonly readWindows: ReadWindows;
  /** 0: a sighting never returns. */
  readonly dormancyDays: number;
  readonly retentionDays: number;
  readonly runBudgetMs: number;
  /** Most accepted messages in one relay pass. */
  readonly announceLimit: number;
  /** Sightings of a detection within 24 hours that open a wave; 0: no waves. */
  readonly waveThreshold: number;
  readonly logAnalytics: { readonly endpoint: string; readonly audience: string };
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error";
}

/**
 * Reads and checks all settings, each alone and then together.
 * @throws {ConfigError} naming every unusable setting and how to fix it, never a value
 */
export function parseConfig(env: Env): Config {
  const given = withDefaults(env);
  const missing = SETTINGS.filter((setting) => "required" in setting && given[setting.name] === undefined).map(
    ({ name, description }) => `${name} is missing: ${description}`,
  );
  const parsed = schema.safeParse(given);
  const wrong = parsed.success
    ? []
    : parsed.error.issues
        .filter(({ path }) => given[String(path[0])] !== undefined)
        .map(({ path, message }) => `${settingPath(path)} ${message}`);
  const problems = [...missing, ...wrong, ...contradictions(given), ...unfitForAzure(env, given)];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return toConfig(parsed.data, isAzure(env));
}

/** Empty settings count as absent and get their defaults. */
function withDefaults(env: Env): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    SETTINGS.map((setting) => [
      setting.name,
      env[setting.name]?.trim() || ("default" in setting ? setting.default : undefined),
    ]),
  );
}

/** `LOG_ANALYTICS_WORKSPACES[1].id`. */
const settingPath = (path: readonly PropertyKey[]): string =>
  path.map((part, i) => (typeof part === "number" ? `[${part}]` : `${i === 0 ? "" : "."}${String(part)}`)).join("");

/** Problems of settings that are valid alone and together would break the promise of dormancy and retention. */
function contradictions(given: Readonly<Record<string, string | undefined>>): readonly string[] {
  const number = (
    name: "LOOKBACK_DAYS" | "HORIZON_DAYS" | "OVERLAP_HOURS" | "DORMANCY_DAYS" | "RETENTION_DAYS",
  ): number => schema.shape[name].safeParse(given[name]).data ?? NaN;
  const lookback = number("LOOKBACK_DAYS");
  const horizon = number("HORIZON_DAYS");
  const dormancy = number("DORMANCY_DAYS");
  const retention = number("RETENTION_DAYS");
  // NaN of a malformed setting compares false, so it is reported only once.
  const rules: readonly (readonly [boolean, string])[] = [
    [lookback > horizon, "LOOKBACK_DAYS has to be at most HORIZON_DAYS"],
    [number("OVERLAP_HOURS") > horizon * 24, "OVERLAP_HOURS has to be at most HORIZON_DAYS × 24"],
    [
      dormancy > 0 && dormancy <= horizon,
      "DORMANCY_DAYS has to be 0 or more than HORIZON_DAYS: a shorter quiet time can't be distinguished from late rows",
    ],
    [retention <= dormancy, "RETENTION_DAYS has to be more than DORMANCY_DAYS: a return would be announced as new"],
    [
      retention <= horizon + lookback,
      "RETENTION_DAYS has to be more than HORIZON_DAYS + LOOKBACK_DAYS: rows that a run still reads would be announced again",
    ],
  ];
  return rules.flatMap(([broken, message]) => (broken ? [message] : []));
}

const isAzure = (env: Env): boolean => Boolean(env["IDENTITY_ENDPOINT"] || env["WEBSITE_INSTANCE_ID"]);

function unfitForAzure(env: Env, given: Readonly<Record<string, string | undefined>>): readonly string[] {
  if (!isAzure(env)) return [];
  const noKeys = (["STATE_TABLE_ENDPOINT", "SERVICE_BUS_NAMESPACE"] as const).filter(
    (name) => schema.shape[name].safeParse(given[name]).data?.kind === "loopback",
  );
  return [
    ...(given["AZURE_CLIENT_ID"] === undefined
      ? ["AZURE_CLIENT_ID is missing: in Azure the client id of the user-assigned identity is required"]
      : []),
    ...noKeys.map((name) => `${name} is a connection string: in Azure only the identity is used`),
  ];
}

function toConfig(settings: z.infer<typeof schema>, azure: boolean): Config {
  const clientId = settings.AZURE_CLIENT_ID;
  return {
    workspaces: settings.LOG_ANALYTICS_WORKSPACES.map(({ name, id, tenant }) => ({
      name,
      id,
      ...(tenant !== undefined && { tenant }),
    })),
    stateTable: settings.STATE_TABLE_ENDPOINT,
    serviceBus: settings.SERVICE_BUS_NAMESPACE,
    queue: settings.SERVICE_BUS_QUEUE,
    identity: azure && clientId !== undefined ? { kind: "managed", clientId } : { kind: "developer" },
    schedules: { detect: settings.DETECT_SCHEDULE, relay: settings.RELAY_SCHEDULE, retain: settings.RETAIN_SCHEDULE },
    readWindows: {
      lookback: settings.LOOKBACK_DAYS * DAY,
      horizon: settings.HORIZON_DAYS * DAY,
      overlap: settings.OVERLAP_HOURS * HOUR,
    },
    dormancyDays: settings.DORMANCY_DAYS,
    retentionDays: settings.RETENTION_DAYS,
    runBudgetMs: settings.RUN_BUDGET_MINUTES * 60_000,
    announceLimit: settings.ANNOUNCE_LIMIT,
    waveThreshold: settings.WAVE_THRESHOLD,
    logAnalytics: { endpoint: settings.LOG_ANALYTICS_ENDPOINT, audience: settings.LOG_ANALYTICS_AUDIENCE },
    logLevel: settings.LOG_LEVEL,
  };
}
