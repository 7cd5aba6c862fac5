import type { LogsQueryClient, LogsQueryClientOptions } from "@azure/monitor-query";
import type { TokenCredential } from "@azure/identity";
import { SourceError } from "../errors.ts";
import { isLoopbackUrl } from "../settings/loopback.ts";
import type { BufferedResult } from "./row-interceptor.ts";
import { rowInterceptor } from "./row-interceptor.ts";

export interface QueryClient {
  queryWorkspace(...query: Parameters<LogsQueryClient["queryWorkspace"]>): Promise<BufferedResult>;
}

export interface QueryClientOptions {
  /** Base URL of the query API; plain http only for a loopback address. */
  readonly endpoint: string;
  /** Audience of the token. Differs from the endpoint, and by cloud. */
  readonly audience: string;
  readonly credential: TokenCredential;
  /** Milliseconds before the SDK's first of three retries; each further wait doubles. Default: the SDK's own, one second. */
  readonly retryDelay?: number;
  /** A 504 that took longer than these milliseconds is not retried. */
  readonly slowAfter?: number;
  /** Bytes of one answer that are buffered; a larger answer fails as too large. Default: 64 MiB. */
  readonly maxAnswer?: number;
}

type Policy = NonNullable<LogsQueryClientOptions["additionalPolicies"]>[number]["policy"];

/** Milliseconds. A 504 after this time means that the query itself is slow: a retry would take as long again. */
const SLOW = 30_000;

/** A client for the query API. The SDK is loaded with the first query, so that a function that never queries starts faster. */
export function createLogsQueryClient(options: QueryClientOptions): QueryClient {
  let loaded: Promise<QueryClient> | undefined;
  return {
    queryWorkspace: async (...query) => (await (loaded ??= load(options))).queryWorkspace(...query),
  };
}

async function load(options: QueryClientOptions): Promise<QueryClient> {
  const { LogsQueryClient } = await import("@azure/monitor-query");
  const insecure = options.endpoint.startsWith("http:") && isLoopbackUrl(options.endpoint);
  const { policy, besideRows } = rowInterceptor(options.maxAnswer);
  const client = new LogsQueryClient(options.credential, {
    endpoint: insecure ? options.endpoint.replace(/^http:/, "https:") : options.endpoint,
    audience: options.audience,
    ...(options.retryDelay !== undefined && { retryOptions: { retryDelayInMs: options.retryDelay } }),
    additionalPolicies: [
      policy,
      { policy: slowTimeoutIsFinal(options.slowAfter ?? SLOW), position: "perRetry" },
      ...(insecure ? [{ policy: plainLoopback, position: "perRetry" } as const] : []),
    ],
  });
  return { queryWorkspace: besideRows((...query) => client.queryWorkspace(...query)) };
}

/** Ends the SDK's retries of a slow 504: the SDK does not retry a `SourceError`, because it is no transport error. */
const slowTimeoutIsFinal = (slowAfter: number): Policy => ({
  name: "slowTimeoutIsFinal",
  sendRequest: async (request, next) => {
    const started = performance.now();
    const response = await next(request);
    const took = performance.now() - started;
    if (response.status === 504 && took > slowAfter)
      throw new SourceError("timeout", `the service gave up (504) after ${Math.round(took / 1000)} s`);
    return response;
  },
});

/**
 * Sends a request over http that the SDK has authenticated for https. For a plain http URL the SDK adds no token, even where
 * insecure connections are allowed.
 */
const plainLoopback: Policy = {
  name: "plainLoopback",
  sendRequest: (request, next) => {
    if (isLoopbackUrl(request.url)) {
      request.url = request.url.replace(/^https:/, "http:");
      request.allowInsecureConnection = true;
    }
    return next(request);
  },
};
