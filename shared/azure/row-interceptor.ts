import type { LogsQueryClient, LogsQueryClientOptions, LogsQueryResult } from "@azure/monitor-query";
import { SourceError } from "../errors.ts";
import { rowExtractor } from "./row-extractor.ts";
import type { RowBuffer } from "./row-buffer.ts";

type Policy = NonNullable<LogsQueryClientOptions["additionalPolicies"]>[number];
type QueryWorkspace = LogsQueryClient["queryWorkspace"];
type Request = Parameters<Policy["policy"]["sendRequest"]>[0];

/** A result whose tables have no rows, and the rows of each table. */
export interface BufferedResult {
  readonly result: LogsQueryResult;
  readonly rows: readonly RowBuffer[];
}

/**
 * Bytes of one answer that are buffered. The service returns up to about 100 MiB ("Service limits: Log Analytics"), which is too
 * much beside the rest of a run. A larger answer is too large: the caller then queries in slices.
 */
const MAX_ANSWER = 64 * 1024 * 1024;

/**
 * Keeps a result's rows away from the SDK's generic decoder. `@azure/monitor-query` 1.3 declares each cell as a dictionary: the
 * decoder turns every text into an object, character by character. The client never uses that object: it reads the rows from the
 * body's text again. So this policy extracts the rows from the stream and buffers them as bytes; the SDK gets the body without them.
 */
export function rowInterceptor(maxAnswer = MAX_ANSWER) {
  const intercepted = new WeakMap<object, readonly RowBuffer[]>();
  const policy: Policy = {
    position: "perRetry",
    policy: {
      name: "withholdRows",
      async sendRequest(request, next) {
        request.streamResponseStatusCodes = OK;
        const response = await next(request);
        // With this field set, the SDK would leave the body unread for its caller to stream.
        delete request.streamResponseStatusCodes;
        const { readableStreamBody: stream } = response;
        if (!stream) return response;
        const { body, tables } = await readRows(stream, request, maxAnswer);
        intercepted.set(request, tables);
        return { headers: response.headers, request: response.request, status: response.status, bodyAsText: body };
      },
    },
  };
  const besideRows =
    (query: QueryWorkspace) =>
    async (...[workspace, text, timespan, options]: Parameters<QueryWorkspace>): Promise<BufferedResult> => {
      let rows: readonly RowBuffer[] = [];
      const result = await query(workspace, text, timespan, {
        ...options,
        onResponse: (raw, flat, error) => {
          rows = intercepted.get(raw.request) ?? [];
          options?.onResponse?.(raw, flat, error);
        },
      });
      return { result, rows };
    };
  return { policy, besideRows };
}

const OK: Set<number> = new Set([200]);

/** @throws {SourceError} `too-large`; `transient` where the answer breaks off. @throws {DOMException} `AbortError` on abort */
async function readRows(stream: NodeJS.ReadableStream, { abortSignal }: Request, maxAnswer: number) {
  const reader = rowExtractor(maxAnswer);
  const destroy = (): void => {
    if ("destroy" in stream && typeof stream.destroy === "function") stream.destroy();
  };
  abortSignal?.addEventListener("abort", destroy);
  if (abortSignal?.aborted) destroy();
  let size = 0;
  try {
    for await (const chunk of stream) {
      const piece = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      size += piece.length;
      // Leaving the loop destroys the stream and its connection.
      if (size > maxAnswer) throw new SourceError("too-large", `the answer has more than ${maxAnswer} bytes`);
      reader.write(piece);
    }
  } catch (error) {
    reader.discard();
    if (abortSignal?.aborted) throw new DOMException("the caller gave up", "AbortError");
    if (error instanceof SourceError) throw error;
    throw new SourceError("transient", `the answer broke off: ${String(error)}`, { cause: error });
  } finally {
    abortSignal?.removeEventListener("abort", destroy);
  }
  if (abortSignal?.aborted) throw new DOMException("the caller gave up", "AbortError");
  return reader.end();
}
