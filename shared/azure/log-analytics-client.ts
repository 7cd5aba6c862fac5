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
  /** Whom the token is for: differs from the endpoint, and by cloud. */
  readonly audience: string;
  readonly credential: TokenCredential;
  /** Milliseconds before the SDK's first of three retries; they double. Default: the SDK's own second. */
  readonly retryDelay?: number;
  /** Milliseconds after which a 504 is not asked again. */
  readonly slowAfter?: number;
  /** Bytes of one answer that are held. Default: as memory allows. */
  readonly maxAnswer?: number;
}

type Policy = NonNullable<LogsQueryClientOptions["additionalPolicies"]>[number]["policy"];

/** A 504 after this long is the query's own time, and asking the same again would take it again. Milliseconds. */
const SLOW = 30_000;

/** A client for the query API. The SDK is loaded with the first query: a function that never queries does not pay for it. */
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

/** Ends the SDK's retries by throwing what it does not take for an error of the transport. */
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

/** Sends over http what was signed for https: for plain http the SDK signs nothing, whatever it is told to allow. */
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
