import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import type { Dialect } from "../../kql/schema.ts";
import type { TableData } from "../../kql/table-data.ts";
import type { Answer } from "./answer.ts";
import { answerTo } from "./answer.ts";
import { applyFault, send } from "./apply-fault.ts";
import type { Fault, OnQuery, QueryRequest } from "./hooks.ts";
import type { BatchItem } from "./question.ts";
import { parseBatch, parseQuestion, questionOfUrl, wantsStatistics } from "./question.ts";
import { readBody } from "./request-body.ts";
import type { ServiceAnswer } from "./service-error.ts";
import { badArgument, NO_QUESTION, NOT_FOUND, TIMED_OUT, TOO_LARGE, unauthenticated } from "./service-error.ts";

/** Limits of one answer. Source: "Service limits: Log Analytics", query API. */
const MAX_ROWS = 500_000;
const MAX_BYTES = 64 * 1024 * 1024;

type Tables = Readonly<Record<string, TableData>>;

export interface LogAnalyticsOptions {
  /**
   * Tables of each workspace, by customer GUID. Called for each query; the caller caches the table data. An error that it throws
   * becomes the answer to the query.
   */
  readonly workspaces: Readonly<
    Record<string, () => { readonly tables: Tables } | Promise<{ readonly tables: Tables }>>
  >;
  readonly now: () => Date;
  /** Default: log-analytics. */
  readonly dialect?: Dialect;
  readonly maxRows?: number;
  readonly maxBytes?: number;
  readonly onQuery?: OnQuery;
  /** Default: a free port. */
  readonly port?: number;
}

export interface LogAnalyticsStandIn {
  /** `http://127.0.0.1:PORT`, without `/v1`. */
  readonly endpoint: string;
  /** Every query so far, in the order of arrival. */
  readonly requests: QueryRequest[];
  /** May be set at any time; `undefined`: every query is answered. */
  onQuery: OnQuery | undefined;
  /** Closes the server and ends hanging requests. */
  close(): Promise<void>;
}

/**
 * Serves the query API of Log Analytics on a loopback port, over rows in memory: POST and GET of `/v1/workspaces/ID/query`,
 * `/v1/$batch`.
 * @throws the system's error where the port is not available
 */
export async function startLogAnalytics(options: LogAnalyticsOptions): Promise<LogAnalyticsStandIn> {
  const requests: QueryRequest[] = [];
  const workspaces = new Map(Object.entries(options.workspaces).map(([id, tables]) => [id.toLowerCase(), tables]));
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      // A defect here must not look like a fault of the service that a caller retries for ever.
      if (!response.headersSent)
        send(response, 500, {
          error: { code: "StandInDefect", message: String(error instanceof Error ? error.stack : error) },
        });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });

  const standIn: LogAnalyticsStandIn = {
    endpoint: `http://127.0.0.1:${portOf(server.address())}`,
    requests,
    onQuery: options.onQuery,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const refuse = (refusal: ServiceAnswer): void => send(response, refusal.status, refusal.body);
    const route = routeOf(request);
    const missing = unauthenticated(request.headers.authorization);
    if (missing !== undefined) return refuse(missing);
    if (route === undefined || (route !== "batch" && !workspaces.has(route.workspace))) return refuse(NOT_FOUND);
    if (body === undefined) return refuse(TOO_LARGE);
    // The service answers an empty 200; a client that takes it for an empty result would be blind.
    if (request.method === "POST" && request.headers["content-type"] === undefined)
      return void response.writeHead(200).end();
    if (route === "batch") return answerBatch(body, response);
    const question = request.method === "GET" ? questionOfUrl(request) : parseQuestion(body);
    if (question === undefined) return refuse(NO_QUESTION);
    const query = record({ workspace: route.workspace, ...question });
    const fault = standIn.onQuery?.(query);
    if (!applyFault(fault, response)) write(response, await answer(query, fault, wantsStatistics(request)));
  }

  function record(query: Omit<QueryRequest, "n">): QueryRequest {
    const recorded = { ...query, n: requests.length + 1 };
    requests.push(recorded);
    return recorded;
  }

  /** Answers each query alone, with its own status. A fault that is not an answer hits the whole batch. */
  async function answerBatch(body: string, response: ServerResponse): Promise<void> {
    const items = parseBatch(body);
    if (items === undefined) return send(response, NO_QUESTION.status, NO_QUESTION.body);
    const texts: string[] = [];
    for (const item of items) {
      const refusal = itemRefusal(item);
      const query = item.question && record({ workspace: item.workspace, ...item.question });
      const fault = refusal === undefined && query ? standIn.onQuery?.(query) : undefined;
      const failure = refusal ?? statusOf(fault);
      if (failure === undefined && applyFault(fault, response)) return;
      const { status, text } =
        failure === undefined && query
          ? await answer(query, fault, item.statistics)
          : { status: failure?.status ?? 400, text: JSON.stringify(failure?.body ?? {}) };
      texts.push(`{"id":${JSON.stringify(item.id)},"status":${status},"headers":{},"body":${text}}`);
    }
    write(response, { status: 200, text: `{"responses":[${texts.join(",")}]}` });
  }

  function itemRefusal({ workspace, question }: BatchItem): ServiceAnswer | undefined {
    if (!workspaces.has(workspace)) return NOT_FOUND;
    return question === undefined ? NO_QUESTION : undefined;
  }

  async function answer(query: QueryRequest, fault: Fault, statistics: boolean): Promise<Answer> {
    let tables: Tables;
    try {
      ({ tables } = (await workspaces.get(query.workspace)?.()) ?? { tables: {} });
    } catch (error) {
      const { status, body } = badArgument(error instanceof Error ? error.message : String(error));
      return { status, text: JSON.stringify(body) };
    }
    const hidden = typeof fault === "object" && "protect" in fault ? fault.protect : [];
    return answerTo(query, {
      tables: Object.fromEntries(Object.entries(tables).filter(([name]) => !hidden.includes(name))),
      now: options.now(),
      dialect: options.dialect ?? "log-analytics",
      maxRows: options.maxRows ?? MAX_ROWS,
      maxBytes: options.maxBytes ?? MAX_BYTES,
      statistics,
      ...(typeof fault === "object" && "partial" in fault && { cut: fault.partial }),
    });
  }

  return standIn;
}

function write(response: ServerResponse, { status, text }: Answer): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(text);
}

/** The answer of a fault that is one. */
function statusOf(fault: Fault): ServiceAnswer | undefined {
  if (fault === "timeout") return TIMED_OUT;
  if (typeof fault !== "object" || !("status" in fault)) return undefined;
  return { status: fault.status, body: typeof fault.body === "object" ? fault.body : {} };
}

const portOf = (address: AddressInfo | string | null): number => {
  if (address === null || typeof address === "string") throw new TypeError("the server has no port");
  return address.port;
};

/** The route of a request; `undefined` for a path that the service does not have. */
function routeOf({ url, method }: IncomingMessage): "batch" | { readonly workspace: string } | undefined {
  const path = (url ?? "").split("?", 1)[0] ?? "";
  if (path === "/v1/$batch") return method === "POST" ? "batch" : undefined;
  const workspace = /^\/v1\/workspaces\/([^/]+)\/query$/.exec(path)?.[1]?.toLowerCase();
  return workspace !== undefined && (method === "POST" || method === "GET") ? { workspace } : undefined;
}
