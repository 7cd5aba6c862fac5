import type { TokenCredential } from "@azure/identity";
import { z } from "zod";
import type { Reading } from "./finding.ts";
import { signInReason } from "./sign-in.ts";

/** Milliseconds for one request. */
const TIMEOUT_MS = 30_000;

/** API versions of the resource types; both are stable. */
const WORKSPACES_API = "2025-07-01";
const QUEUES_API = "2024-01-01";

const Workspace = z.object({ properties: z.object({ customerId: z.string() }) });
const Table = z.object({
  properties: z.object({
    plan: z.string().optional(),
    retentionInDays: z.number().optional(),
  }),
});
const Queue = z.object({
  properties: z.object({
    requiresDuplicateDetection: z.boolean().optional(),
    duplicateDetectionHistoryTimeWindow: z.string().optional(),
    lockDuration: z.string().optional(),
    defaultMessageTimeToLive: z.string().optional(),
    deadLetteringOnMessageExpiration: z.boolean().optional(),
    maxDeliveryCount: z.number().optional(),
    status: z.string().optional(),
  }),
});

/** `plan`: Analytics, Basic or Auxiliary. `retentionInDays`: interactive retention. Absent: the service did not return it. */
export type ManagedTable = z.infer<typeof Table>["properties"];
/** Durations are ISO 8601, such as `PT5M`. */
export type ManagedQueue = z.infer<typeof Queue>["properties"];

/** The reads of Azure Resource Manager that the doctor needs, by resource id. */
export interface Management {
  /** Customer id (GUID, lower-case) of a workspace. */
  customerId(workspaceResourceId: string): Promise<Reading<string>>;
  table(workspaceResourceId: string, table: string): Promise<Reading<ManagedTable>>;
  queue(queueResourceId: string): Promise<Reading<ManagedQueue>>;
}

/** @param endpoint base URL without a path, and audience of the token */
export function management(endpoint: string, credential: TokenCredential): Management {
  const base = endpoint.replace(/\/+$/, "");
  const read = async <T>(path: string, api: string, schema: z.ZodType<T>): Promise<Reading<T>> => {
    try {
      const token = await credential.getToken(`${base}/.default`);
      const answer = await fetch(`${base}${path}?api-version=${api}`, {
        headers: { authorization: `Bearer ${token?.token ?? ""}`, accept: "application/json" },
        // A redirect would send the token to another host.
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (answer.status === 401 || answer.status === 403)
        return { kind: "denied", reason: `Azure Resource Manager refuses (${answer.status})` };
      if (answer.status === 404) return { kind: "missing" };
      if (!answer.ok) return { kind: "failed", reason: `Azure Resource Manager answers ${answer.status}` };
      const parsed = schema.safeParse(await answer.json());
      return parsed.success
        ? { kind: "read", value: parsed.data }
        : { kind: "failed", reason: "Azure Resource Manager answers in another form than is known" };
    } catch (error) {
      const noToken = signInReason(error);
      return noToken === undefined
        ? { kind: "failed", reason: reasonOf(error) }
        : { kind: "no-login", reason: noToken };
    }
  };
  return {
    async customerId(id) {
      const reading = await read(id, WORKSPACES_API, Workspace);
      return reading.kind === "read"
        ? { ...reading, value: reading.value.properties.customerId.toLowerCase() }
        : reading;
    },
    async table(id, table) {
      return propertiesOf(await read(`${id}/tables/${encodeURIComponent(table)}`, WORKSPACES_API, Table));
    },
    async queue(id) {
      return propertiesOf(await read(id, QUEUES_API, Queue));
    },
  };
}

const propertiesOf = <T>(reading: Reading<{ readonly properties: T }>): Reading<T> =>
  reading.kind === "read" ? { kind: "read", value: reading.value.properties } : reading;

/** The reason of a failed request: the message of `fetch` is "fetch failed", and its cause has the reason. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `${error.message.split("\n", 1)[0]}${cause}`;
}
