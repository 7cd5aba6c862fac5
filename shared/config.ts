import { z } from "zod";
import type { Reach } from "./core/plan.ts";
import { ConfigError } from "./errors.ts";
import { isLoopbackConnectionString, isLoopbackUrl } from "./loopback.ts";
import { scheduleProblem } from "./schedule.ts";
import { SETTINGS } from "./settings.ts";
import type { SettingName } from "./settings.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export type Env = Readonly<Record<string, string | undefined>>;

export interface Workspace {
  readonly name: string;
  /** Customer id, GUID, lower-case. */
  readonly id: string;
  readonly tenant?: string;
}

/** Who asks for tokens: the user-assigned identity in Azure, the Azure CLI's login elsewhere. */
export type Identity = { readonly kind: "managed"; readonly clientId: string } | { readonly kind: "developer" };

/** A service to reach with the identity, or one on this machine by its connection string. */
export type Address =
  | { readonly kind: "endpoint"; readonly endpoint: string }
  | { readonly kind: "loopback"; readonly connectionString: string };

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
  readonly reach: Reach;
  /** 0: no returns. */
  readonly dormancyDays: number;
  readonly retentionDays: number;
  readonly runBudgetMs: number;
  /** Accepted messages a pass. */
  readonly announceLimit: number;
  readonly logAnalytics: { readonly endpoint: string; readonly audience: string };
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error";
}

const guid = (message: string) =>
  z
    .string(message)
    .regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, message)
    .toLowerCase();

const whole = (least: number, most: number) => {
  const message = `has to be a whole number of ${least} to ${most}`;
  return z
    .string(message)
    .regex(/^\d{1,7}$/, message)
    .transform(Number)
    .refine((value) => value >= least && value <= most, message);
};

const schedule = z.string().superRefine((value, context) => {
  const problem = scheduleProblem(value);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

const workspace = z.strictObject(
  {
    name: z.string("has to be text").regex(/^[A-Za-z0-9_-]{1,63}$/, "has to be 1 to 63 letters, digits, - or _"),
    id: guid("has to be the workspace's customer id, a GUID (Overview page of the workspace)"),
    tenant: guid("has to be a GUID").optional(),
  },
  'has to be an object of "name", "id" and, if wanted, "tenant", and nothing else',
);

const WORKSPACES = 'has to be a JSON array of {"name", "id"}, one or more';

const workspaces = z
  .string()
  .transform((value, context): unknown => {
    try {
      return JSON.parse(value);
    } catch {
      context.addIssue({ code: "custom", message: `is not JSON; it ${WORKSPACES}` });
      return z.NEVER;
    }
  })
  .pipe(z.array(workspace, WORKSPACES).min(1, WORKSPACES))
  .superRefine((list, context) => {
    for (const key of ["name", "id"] as const) {
      const seen = new Set<string>();
      for (const [i, item] of list.entries()) {
        const value = item[key].toLowerCase();
        if (seen.has(value))
          context.addIssue({
            code: "custom",
            path: [i, key],
            message: "stands there twice; each workspace once, under its own name",
          });
        seen.add(value);
      }
    }
  });

const isPlainUrl = (value: string): boolean => {
  const url = URL.parse(value);
  return (
    url !== null &&
    url.username === "" &&
    url.password === "" &&
    url.search === "" &&
    url.hash === "" &&
    (url.protocol === "https:" || (url.protocol === "http:" && isLoopbackUrl(value)))
  );
};

const serviceUrl = z
  .string()
  .refine(
    isPlainUrl,
    "has to be an https URL without user, query or fragment (plain http only for a loopback address)",
  );

/** A connection string of another machine holds a key: refused, whatever else is right. */
const address = (isEndpoint: (value: string) => boolean, expected: string) =>
  z.string().transform((value, context): Address => {
    if (isEndpoint(value)) return { kind: "endpoint", endpoint: value };
    if (isLoopbackConnectionString(value)) return { kind: "loopback", connectionString: value };
    context.addIssue({
      code: "custom",
      message: `has to be ${expected}; connection strings are accepted for loopback addresses only`,
    });
    return z.NEVER;
  });

const isHostName = (value: string): boolean =>
  value.length <= 253 && /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i.test(value);

const schema = z.object({
  LOG_ANALYTICS_WORKSPACES: workspaces,
  STATE_TABLE_ENDPOINT: address(isPlainUrl, "the table endpoint's https URL, without SAS"),
  SERVICE_BUS_NAMESPACE: address(isHostName, "the namespace's host name, without sb:// and path"),
  SERVICE_BUS_QUEUE: z
    .string()
    .regex(
      /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,258}[A-Za-z0-9])?$/,
      "has to be a queue's name: at most 260 letters, digits, . - _ /",
    ),
  AZURE_CLIENT_ID: guid("has to be the client id of the user-assigned identity, a GUID").optional(),
  DETECT_SCHEDULE: schedule,
  RELAY_SCHEDULE: schedule,
  RETAIN_SCHEDULE: schedule,
  LOOKBACK_DAYS: whole(1, 30),
  HORIZON_DAYS: whole(1, 365),
  OVERLAP_HOURS: whole(1, 168),
  DORMANCY_DAYS: whole(0, 3650),
  RETENTION_DAYS: whole(1, 3650),
  RUN_BUDGET_MINUTES: whole(1, 60),
  ANNOUNCE_LIMIT: whole(1, 100_000),
  LOG_ANALYTICS_ENDPOINT: serviceUrl,
  LOG_ANALYTICS_AUDIENCE: serviceUrl,
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error"], "has to be trace, debug, info, warn or error"),
} satisfies Record<SettingName, z.ZodType>);

/**
 * The settings, checked together.
 * @throws {ConfigError} naming every setting that can't be used and how to mend it, never a value
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

/** App settings that were emptied count as absent. */
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

/** Settings that are well-formed each and would break the promise together (design of the state: dormancy and retention). */
function contradictions(given: Readonly<Record<string, string | undefined>>): readonly string[] {
  const number = (
    name: "LOOKBACK_DAYS" | "HORIZON_DAYS" | "OVERLAP_HOURS" | "DORMANCY_DAYS" | "RETENTION_DAYS",
  ): number => schema.shape[name].safeParse(given[name]).data ?? NaN;
  const lookback = number("LOOKBACK_DAYS");
  const horizon = number("HORIZON_DAYS");
  const dormancy = number("DORMANCY_DAYS");
  const retention = number("RETENTION_DAYS");
  // NaN, for what is malformed anyway, compares false: said once.
  const rules: readonly (readonly [boolean, string])[] = [
    [lookback > horizon, "LOOKBACK_DAYS has to be at most HORIZON_DAYS"],
    [number("OVERLAP_HOURS") > horizon * 24, "OVERLAP_HOURS has to be at most HORIZON_DAYS × 24"],
    [
      dormancy > 0 && dormancy <= horizon,
      "DORMANCY_DAYS has to be 0 or more than HORIZON_DAYS: a shorter quiet can't be told from late rows",
    ],
    [retention <= dormancy, "RETENTION_DAYS has to be more than DORMANCY_DAYS: a return would be told as new"],
    [
      retention <= horizon + lookback,
      "RETENTION_DAYS has to be more than HORIZON_DAYS + LOOKBACK_DAYS: what a run still reads would be told again",
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
    reach: {
      lookback: settings.LOOKBACK_DAYS * DAY,
      horizon: settings.HORIZON_DAYS * DAY,
      overlap: settings.OVERLAP_HOURS * HOUR,
    },
    dormancyDays: settings.DORMANCY_DAYS,
    retentionDays: settings.RETENTION_DAYS,
    runBudgetMs: settings.RUN_BUDGET_MINUTES * 60_000,
    announceLimit: settings.ANNOUNCE_LIMIT,
    logAnalytics: { endpoint: settings.LOG_ANALYTICS_ENDPOINT, audience: settings.LOG_ANALYTICS_AUDIENCE },
    logLevel: settings.LOG_LEVEL,
  };
}
