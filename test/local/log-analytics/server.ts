import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { execute } from "../../../shared/kql/interpret.ts";
import type { Dialect } from "../../../shared/kql/schema.ts";
import type { TableData } from "../../../shared/kql/table-data.ts";
import { carryOut, send } from "./carry-out.ts";
import type { Fault, OnQuery, QueryRequest } from "./hooks.ts";
import { resultText } from "./result-text.ts";
import { badArgument, executionError, NOT_FOUND, partialError, tooLarge, UNAUTHENTICATED } from "./service-error.ts";
import type { ServiceAnswer } from "./service-error.ts";
import { statisticsOf } from "./statistics.ts";
import { parseTimespan } from "./timespan.ts";

/** Limits of an answer. Source: "Service limits: Log Analytics", query API. */
const MAX_ROWS = 500_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** More than any query: a caller that sends without end is cut off. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024;

export interface LogAnalyticsOptions {
  /** By customer GUID: what the workspace holds now. Asked anew for each query; table data are made once and kept by the caller. */
  readonly workspaces: Readonly<Record<string, () => { readonly tables: Readonly<Record<string, TableData>> }>>;
  readonly now: () => Date;
  /** Default: log-analytics. */
  readonly dialect?: Dialect;
  readonly maxRows?: number;
  readonly maxBytes?: number;
  readonly onQuery?: OnQuery;
}

export interface LogAnalyticsStandIn {
  /** `http://127.0.0.1:PORT`, without `/v1`. */
  readonly endpoint: string;
  /** Every query, in the order of arrival. */
  readonly requests: QueryRequest[];
  /** May be set at any time; `undefined` answers everything. */
  onQuery: OnQuery | undefined;
  /** Ends the hanging requests too. */
  close(): Promise<void>;
}

/** The query API of Log Analytics on a free loopback port, over rows in memory. */
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
    server.listen(0, "127.0.0.1", resolve);
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
    const workspace = workspaceOf(request, workspaces);
    const refusal = refusalOf(request, workspace);
    if (refusal !== undefined) return send(response, refusal.status, refusal.body);
    // The service answers so, and a client that takes it for an empty result is blind.
    if (request.headers["content-type"] === undefined) return void response.writeHead(200).end();
    const question = parseQuestion(body);
    if (question === undefined || workspace === undefined) {
      const { status, body: said } = badArgument(
        "The request had some invalid properties: a JSON object with a `query` is expected",
      );
      return send(response, status, said);
    }
    const asked: QueryRequest = { workspace, ...question, n: requests.length + 1 };
    requests.push(asked);
    const fault = standIn.onQuery?.(asked);
    if (!carryOut(fault, response)) answer(asked, fault, wantsStatistics(request), response);
  }

  function answer(asked: QueryRequest, fault: Fault, statistics: boolean, response: ServerResponse): void {
    const started = performance.now();
    const { tables } = workspaces.get(asked.workspace)?.() ?? { tables: {} };
    const readable =
      typeof fault === "object" && "protect" in fault
        ? Object.fromEntries(Object.entries(tables).filter(([name]) => !fault.protect.includes(name)))
        : tables;
    const keep = typeof fault === "object" && "partial" in fault ? fault.partial : undefined;
    const maxRows = options.maxRows ?? MAX_ROWS;
    try {
      const now = options.now();
      const timeRange = parseTimespan(asked.timespan, now);
      const result = execute(asked.query, {
        dialect: options.dialect ?? "log-analytics",
        tables: readable,
        now,
        maxRows,
        ...(timeRange && { timeRange }),
      });
      const maxBytes = options.maxBytes ?? MAX_BYTES;
      const {
        tables: text,
        rows,
        bytes,
        whole,
      } = resultText(result, { rows: keep?.keepRows ?? maxRows, bytes: maxBytes });
      const error = partialReason({ keep, truncated: result.truncated, maxRows, whole, maxBytes });
      const parts = [
        `"tables":${text}`,
        ...(statistics
          ? [`"statistics":${JSON.stringify(statisticsOf(performance.now() - started, readable, rows, bytes))}`]
          : []),
        ...(error === undefined ? [] : [`"error":${JSON.stringify(partialError(error))}`]),
      ];
      response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end(`{${parts.join(",")}}`);
    } catch (error) {
      const refused: ServiceAnswer | undefined =
        error instanceof RangeError ? badArgument(error.message) : executionError(error);
      if (refused === undefined) throw error;
      send(response, refused.status, refused.body);
    }
  }

  return standIn;
}

interface Cut {
  readonly keep: { readonly keepRows: number; readonly code?: string } | undefined;
  readonly truncated: boolean;
  readonly maxRows: number;
  readonly whole: boolean;
  readonly maxBytes: number;
}

function partialReason({ keep, truncated, maxRows, whole, maxBytes }: Cut): string | undefined {
  if (keep !== undefined)
    return keep.code === undefined
      ? tooLarge(`${keep.keepRows} records`)
      : `The query could not be completed (${keep.code}).`;
  if (truncated) return tooLarge(`${maxRows} records`);
  return whole ? undefined : tooLarge(`${maxBytes} bytes`);
}

const portOf = (address: AddressInfo | string | null): number => {
  if (address === null || typeof address === "string") throw new TypeError("the server has no port");
  return address.port;
};

/** The path's workspace where it is one of those served. */
function workspaceOf(request: IncomingMessage, workspaces: ReadonlyMap<string, unknown>): string | undefined {
  const found = /^\/v1\/workspaces\/([^/?]+)\/query(?:\?.*)?$/.exec(request.url ?? "")?.[1]?.toLowerCase();
  return found !== undefined && workspaces.has(found) ? found : undefined;
}

function refusalOf(request: IncomingMessage, workspace: string | undefined): ServiceAnswer | undefined {
  if (!/^Bearer \S+/.test(request.headers.authorization ?? "")) return UNAUTHENTICATED;
  return workspace === undefined || request.method !== "POST" ? NOT_FOUND : undefined;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Buffer)) continue;
    size += chunk.length;
    if (size > MAX_REQUEST_BYTES) throw new RangeError(`a request of more than ${MAX_REQUEST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** `undefined` where the body is none, or asks for further workspaces: the stand-in has no cross-workspace queries. */
function parseQuestion(body: string): { readonly query: string; readonly timespan?: string } | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || !("query" in parsed) || typeof parsed.query !== "string")
    return undefined;
  if ("workspaces" in parsed && Array.isArray(parsed.workspaces) && parsed.workspaces.length > 0) return undefined;
  return {
    query: parsed.query,
    ...("timespan" in parsed && typeof parsed.timespan === "string" && { timespan: parsed.timespan }),
  };
}

const wantsStatistics = (request: IncomingMessage): boolean =>
  [request.headers["prefer"]].flat().join(",").includes("include-statistics=true");
