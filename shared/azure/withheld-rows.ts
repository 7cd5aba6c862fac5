import type { LogsQueryClient, LogsQueryClientOptions, LogsTable } from "@azure/monitor-query";
import { SourceError } from "../errors.ts";
import type { AnswerRows, Cells } from "./answer-rows.ts";
import { answerReader } from "./answer-rows.ts";

type Policy = NonNullable<LogsQueryClientOptions["additionalPolicies"]>[number];
type QueryWorkspace = LogsQueryClient["queryWorkspace"];
type Request = Parameters<Policy["policy"]["sendRequest"]>[0];
type Cell = Cells[number];
type Rows = AnswerRows["tables"];

/**
 * Characters of one answer that are held. The service lets about 100 MiB through ("Service limits: Log Analytics"), which would take several
 * times that in memory; whoever asks for more asks in slices.
 */
const MAX_ANSWER = 64 * 1024 * 1024;

/**
 * Keeps a result's rows from the SDK's generic decoder. `@azure/monitor-query` 1.3 declares each cell a dictionary: the decoder takes every text
 * apart, character by character, into an object that nobody sees, since the client then reads the rows from the body's text again. So the
 * rows are read off the wire, one by one; decoder and client are given the body without them, and the result gets them back.
 */
export function withheldRows(maxAnswer = MAX_ANSWER) {
  const withheld = new WeakMap<object, Rows>();
  const policy: Policy = {
    position: "perRetry",
    policy: {
      name: "withholdRows",
      async sendRequest(request, next) {
        request.streamResponseStatusCodes = OK;
        const response = await next(request);
        // Or the SDK takes the body for one that its caller reads.
        delete request.streamResponseStatusCodes;
        const { readableStreamBody: stream } = response;
        if (!stream) return response;
        const { body, tables } = await readRows(stream, request, maxAnswer);
        withheld.set(request, tables);
        return { headers: response.headers, request: response.request, status: response.status, bodyAsText: body };
      },
    },
  };
  const handingBack =
    (query: QueryWorkspace): QueryWorkspace =>
    async (workspace, text, timespan, options) => {
      let tables: Rows = [];
      const result = await query(workspace, text, timespan, {
        ...options,
        onResponse: (raw, flat, error) => {
          tables = withheld.get(raw.request) ?? [];
          options?.onResponse?.(raw, flat, error);
        },
      });
      const given = "partialTables" in result ? result.partialTables : result.tables;
      for (const [i, table] of given.entries()) handBack(table, tables[i] ?? []);
      return result;
    };
  return { policy, handingBack };
}

const OK: Set<number> = new Set([200]);

/** @throws {SourceError} `too-large`, `transient` where the answer breaks off; what the abort signal says */
async function readRows(stream: NodeJS.ReadableStream, { abortSignal }: Request, maxAnswer: number) {
  const reader = answerReader();
  const decoder = new TextDecoder();
  const destroy = (): void => {
    if ("destroy" in stream && typeof stream.destroy === "function") stream.destroy();
  };
  abortSignal?.addEventListener("abort", destroy);
  if (abortSignal?.aborted) destroy();
  let size = 0;
  try {
    for await (const chunk of stream) {
      const piece = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
      size += piece.length;
      // Leaving the loop destroys the stream, and with it the connection.
      if (size > maxAnswer) throw new SourceError("too-large", `the answer has more than ${maxAnswer} characters`);
      reader.write(piece);
    }
  } catch (error) {
    if (abortSignal?.aborted) throw new DOMException("the caller gave up", "AbortError");
    if (error instanceof SourceError || error instanceof SyntaxError) throw error;
    throw new SourceError("transient", `the answer broke off: ${String(error)}`, { cause: error });
  } finally {
    abortSignal?.removeEventListener("abort", destroy);
  }
  if (abortSignal?.aborted) throw new DOMException("the caller gave up", "AbortError");
  return reader.end();
}

/** As the SDK converts rows: dates of datetimes (1970 for none), values of dynamics. */
function handBack(table: LogsTable, rows: readonly Cells[]): void {
  const types = table.columnDescriptors.map(({ type }) => type);
  for (const row of rows) {
    if (Array.isArray(row))
      for (const [i, type] of types.entries())
        if (type === "datetime") row[i] = dateOf(row[i]);
        else if (type === "dynamic") row[i] = dynamicOf(row[i] ?? "");
    table.rows.push(row);
  }
}

const dateOf = (cell: Cell | undefined): Date => new Date(typeof cell === "string" ? cell : 0);

function dynamicOf(cell: Cell): Cell {
  if (typeof cell !== "string") return cell;
  try {
    return JSON.parse(cell);
  } catch {
    return cell;
  }
}
