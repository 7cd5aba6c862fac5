import { setTimeout as sleep } from "node:timers/promises";
import type { LogsQueryOptions } from "@azure/monitor-query";
import { bindQuery } from "../core/pack.ts";
import type { QueryWindow } from "../core/pack.ts";
import { sliceName } from "../core/slice.ts";
import type { RowsAnswer, Source } from "../core/source.ts";
import { drainRecords } from "../core/source.ts";
import type { TableFreshness } from "../core/freshness.ts";
import { SourceError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { Limiter } from "../limiter.ts";
import type { QueryClient } from "./log-analytics-client.ts";
import { isUntimedThrottling, partialReason, toSourceError } from "./log-analytics-error.ts";
import { queryEvidence } from "./log-analytics-evidence.ts";
import { RowBuffer } from "./row-buffer.ts";
import { FRESHNESS_REACH, freshnessQuery, decodeFreshness } from "./log-analytics-freshness.ts";
import { decodeRecords } from "./decode-records.ts";
import type { BufferedResult } from "./row-interceptor.ts";

const DAY = 86_400_000;

/** Rows of one answer; the service's limit ("Query limits", Azure Monitor documentation). */
const MAX_ROWS = 500_000;

/** Milliseconds before the window in which what stands around its first event may lie. */
const EVIDENCE_REACH = 3_600_000;

/** What the service may take for one query: its own default, of ten minutes at most. */
const SERVER_TIMEOUT_SECONDS = 180;

/** Then a whole call with its retries is given up. Longer than the service takes to say 504, or slices would never begin. */
const GIVE_UP_AFTER = (SERVER_TIMEOUT_SECONDS + 30) * 1000;

/** Queries at once over all workspaces: the service lets one identity run five, and an operator has to look as well. */
export const QUERIES_AT_ONCE = 4;

/** Waits before a throttled query is asked again, milliseconds: together longer than the service's window of 30 s. */
const THROTTLED_DELAYS: readonly number[] = [5_000, 10_000, 20_000];

export interface LogAnalyticsOptions {
  readonly client: QueryClient;
  readonly workspace: { readonly name: string; readonly id: string; readonly tenant?: string };
  /** Shared by all workspaces. */
  readonly limiter: Limiter;
  readonly throttledDelays?: readonly number[];
  readonly giveUpAfter?: number;
  readonly log?: Logger;
}

interface Question {
  /** For messages: `workspace soc, pack catalogue, slice 3f`. */
  readonly name: string;
  readonly text: string;
  readonly timespan: { readonly startTime: Date; readonly endTime: Date };
}

/** A Log Analytics workspace as a source. */
export function logAnalyticsSource(options: LogAnalyticsOptions): Source {
  const { workspace } = options;
  return {
    id: workspace.id,
    name: workspace.name,
    kind: "log-analytics",
    ...(workspace.tenant !== undefined && { tenant: workspace.tenant }),
    maxRows: MAX_ROWS,
    query: (pack, window, slice) =>
      ask(options, {
        name: `workspace ${workspace.name}, pack ${pack.name}, slice ${sliceName(slice)}`,
        text: bindQuery(pack.query, window, slice),
        timespan: timespanOf(window),
      }),
    freshness: async (tables, now) => {
      if (tables.length === 0) return [];
      try {
        return await queryFreshness(options, tables, now);
      } catch (error) {
        if (tables.length === 1 || !isRefusedQuery(error)) throw error;
        return queryFreshnessSingly(options, tables, now, error);
      }
    },
    evidence: (pack, evidenceAsk) =>
      queryEvidence(pack, evidenceAsk, ({ name, text }) =>
        ask(options, {
          name: `workspace ${workspace.name}, pack ${pack.name}, ${name}`,
          text,
          timespan: timespanOf(evidenceAsk.window, EVIDENCE_REACH),
        }),
      ),
  };
}

/**
 * The API's timespan cuts on TimeGenerated before the query sees a row, so it has to hold all that the query may want: rows of
 * the whole horizon where they were ingested late, and a day beyond `to`, for the devices whose clocks are ahead.
 */
function timespanOf(window: QueryWindow, before = 0): Question["timespan"] {
  const start = Math.min(window.from.getTime(), window.horizon.getTime()) - before;
  return { startTime: new Date(start), endTime: new Date(window.to.getTime() + DAY) };
}

async function queryFreshness(
  options: LogAnalyticsOptions,
  tables: readonly string[],
  now: Date,
): Promise<readonly TableFreshness[]> {
  const name = `workspace ${options.workspace.name}, freshness of ${tables.join(", ")}`;
  const answer = await ask(options, {
    name,
    text: freshnessQuery(tables, now),
    timespan: { startTime: new Date(now.getTime() - FRESHNESS_REACH), endTime: new Date(now.getTime() + DAY) },
  });
  // Half an answer would show a table as silent or alive at random.
  if (!answer.complete) throw new SourceError("transient", `${name}: the answer is partial: ${answer.partialReason}`);
  return decodeFreshness(tables, drainRecords(answer));
}

/** One missing table makes the whole query fail; asked singly it is silent, and the others show what they have. */
async function queryFreshnessSingly(
  options: LogAnalyticsOptions,
  tables: readonly string[],
  now: Date,
  error: unknown,
): Promise<readonly TableFreshness[]> {
  const answers = await Promise.all(
    tables.map(async (table) => {
      try {
        return await queryFreshness(options, [table], now);
      } catch (single) {
        if (!isRefusedQuery(single)) throw single;
        options.log?.error(
          { event: "table.missing", source: options.workspace.name, table, error: single },
          "a table that detections read can't be queried: is its connector on?",
        );
        return undefined;
      }
    }),
  );
  if (answers.every((answer) => answer === undefined)) throw error;
  return answers.flatMap((answer, i) => answer ?? tables.slice(i, i + 1).map((table) => ({ table, hours: [] })));
}

const isRefusedQuery = (error: unknown): boolean => error instanceof SourceError && error.kind === "query";

/** @throws {SourceError} and nothing else */
async function ask(options: LogAnalyticsOptions, question: Question): Promise<RowsAnswer> {
  return options.limiter(async () => {
    const abortSignal = AbortSignal.timeout(options.giveUpAfter ?? GIVE_UP_AFTER);
    try {
      const { held, error } = await send(options, question, abortSignal);
      return toAnswer(held, error);
    } catch (error) {
      throw toSourceError(error, question.name, options.workspace);
    }
  });
}

/** Sends, and again where the service throttles without a time: the SDK leaves those to its caller. */
async function send(
  options: LogAnalyticsOptions,
  question: Question,
  abortSignal: AbortSignal,
): Promise<{ readonly held: BufferedResult; readonly error?: unknown }> {
  const delays = options.throttledDelays ?? THROTTLED_DELAYS;
  for (let attempt = 0; ; attempt++) {
    let error: unknown;
    const how: LogsQueryOptions = {
      serverTimeoutInSeconds: SERVER_TIMEOUT_SECONDS,
      includeQueryStatistics: true,
      abortSignal,
      // The result keeps only the outermost code of a partial error; the reason stands further in.
      onResponse: (_raw, flat) => (error = hasError(flat) ? flat.error : undefined),
    };
    try {
      const held = await options.client.queryWorkspace(options.workspace.id, question.text, question.timespan, how);
      return { held, error };
    } catch (failure) {
      const delay = delays[attempt];
      if (delay === undefined || !isUntimedThrottling(failure)) throw failure;
      options.log?.warn({ event: "query.throttled", query: question.name, attempt: attempt + 1, delayMs: delay });
      await sleep(delay, undefined, { signal: abortSignal });
    }
  }
}

const hasError = (flat: unknown): flat is { readonly error: unknown } =>
  typeof flat === "object" && flat !== null && "error" in flat;

/** Its tables by name; the rows stand beside them in the same order. */
function toAnswer({ result, rows }: BufferedResult, error: unknown): RowsAnswer {
  // A cast would do for the enum's string; the property tells them apart as well.
  const partial = "partialTables" in result;
  const tables = partial ? result.partialTables : result.tables;
  const primary = Math.max(
    0,
    tables.findIndex(({ name }) => name === "PrimaryResult"),
  );
  const table = tables[primary];
  if (table === undefined) throw new SourceError("transient", "the answer holds no table");
  const { count, broken, batches, discard } = decodeRecords(table, rows[primary] ?? new RowBuffer(0));
  const reason = partial
    ? partialReason(error ?? result.partialError)
    : (broken ?? (count >= MAX_ROWS ? `${count} rows: the service's limit` : undefined));
  return {
    complete: reason === undefined,
    ...(reason !== undefined && { partialReason: reason }),
    count,
    batches,
    discard,
    ...(result.statistics && { statistics: result.statistics }),
  };
}
