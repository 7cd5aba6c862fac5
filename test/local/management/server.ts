import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";

/** What Azure Resource Manager says of a table; durations in days. */
export interface ManagedTableState {
  readonly plan: "Analytics" | "Basic" | "Auxiliary";
  readonly retentionInDays: number;
}

/** Durations are ISO 8601. */
export interface ManagedQueueState {
  readonly requiresDuplicateDetection: boolean;
  readonly duplicateDetectionHistoryTimeWindow: string;
  readonly lockDuration: string;
  readonly defaultMessageTimeToLive: string;
  readonly deadLetteringOnMessageExpiration: boolean;
  readonly maxDeliveryCount: number;
  readonly status: string;
}

/** As `infra` makes a queue. */
export const DEPLOYED_QUEUE: ManagedQueueState = {
  requiresDuplicateDetection: true,
  duplicateDetectionHistoryTimeWindow: "P7D",
  lockDuration: "PT5M",
  defaultMessageTimeToLive: "P14D",
  deadLetteringOnMessageExpiration: true,
  maxDeliveryCount: 10,
  status: "Active",
};

export interface ManagedState {
  /** By resource id. */
  readonly workspaces: Readonly<
    Record<string, { readonly customerId: string; readonly tables: Readonly<Record<string, ManagedTableState>> }>
  >;
  /** By resource id. */
  readonly queues: Readonly<Record<string, ManagedQueueState>>;
  /** Resource ids, with all beneath them, that the caller has no right on. */
  readonly denied?: readonly string[];
}

export interface ManagementStandIn {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** May be exchanged at any time. */
  state: ManagedState;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

/** The reads of Azure Resource Manager that the doctor needs, on a loopback port: workspaces, their tables, queues. Ids in any case. */
export async function startManagement(state: ManagedState): Promise<ManagementStandIn> {
  const server = createServer((request, response) => {
    const { status, body } = answerTo(request, standIn.state);
    response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("the server has no port");
  const standIn: ManagementStandIn = {
    endpoint: `http://127.0.0.1:${address.port}`,
    state,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
  return standIn;
}

function answerTo({ method, url, headers }: IncomingMessage, state: ManagedState): Answer {
  if (!/^Bearer \S+/.test(headers.authorization ?? "")) return refusal(401, "AuthenticationFailed");
  const { pathname, searchParams } = new URL(url ?? "/", "http://127.0.0.1");
  if (!searchParams.has("api-version")) return refusal(400, "MissingApiVersionParameter");
  if (method !== "GET") return refusal(405, "MethodNotAllowed");
  const path = pathname.toLowerCase();
  if (state.denied?.some((id) => path.startsWith(id.toLowerCase()))) return refusal(403, "AuthorizationFailed");
  const properties = resources(state).get(path);
  return properties === undefined
    ? refusal(404, "ResourceNotFound")
    : { status: 200, body: { id: pathname, properties } };
}

/** Properties by lower-case resource id. */
function resources({ workspaces, queues }: ManagedState): ReadonlyMap<string, object> {
  return new Map<string, object>([
    ...Object.entries(queues).map(([id, queue]) => [id.toLowerCase(), queue] as const),
    ...Object.entries(workspaces).flatMap(([id, { customerId, tables }]) => [
      [id.toLowerCase(), { customerId }] as const,
      ...Object.entries(tables).map(([name, table]) => [`${id}/tables/${name}`.toLowerCase(), table] as const),
    ]),
  ]);
}

const refusal = (status: number, code: string): Answer => ({ status, body: { error: { code, message: code } } });
