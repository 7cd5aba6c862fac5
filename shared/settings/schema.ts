import { z } from "zod";
import type { Address } from "./address.ts";
import { isLoopbackConnectionString, isLoopbackUrl } from "./loopback.ts";
import { ncrontabProblem } from "./ncrontab.ts";
import type { SettingName } from "./settings.ts";

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
  const problem = ncrontabProblem(value);
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

/** Refuses a connection string to another machine, because it holds a key. */
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

/** Parses each setting alone; `parseConfig` reports contradictions between them. No message contains a value. */
export const schema = z.object({
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
  WAVE_THRESHOLD: whole(0, 10_000).refine((value) => value !== 1, "has to be 0 or 2 to 10000: one sighting is no wave"),
  LOG_ANALYTICS_ENDPOINT: serviceUrl,
  LOG_ANALYTICS_AUDIENCE: serviceUrl,
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error"], "has to be trace, debug, info, warn or error"),
} satisfies Record<SettingName, z.ZodType>);
