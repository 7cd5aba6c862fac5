import { execute } from "../../../shared/kql/interpret.ts";
import { SCHEMAS } from "../../../shared/kql/schema.ts";
import { tableOf } from "../../../shared/kql/table-data.ts";
import type { Value } from "../../../shared/kql/value.ts";
import type { Logger, LogSink } from "../../../shared/logger.ts";
import { contextLogger } from "../../../shared/logger.ts";

/** What Application Insights keeps of a trace's message, characters. */
const MAX_MESSAGE = 32_768;

/** Severity as the host hands it on: 0 verbose, 1 information, 2 warning, 3 error. */
const SEVERITIES = { trace: 0, debug: 0, info: 1, warn: 2, error: 3 } as const;

/** A row of AppTraces: a line of the log. */
export interface Trace {
  readonly TimeGenerated: Date;
  readonly Message: string;
  readonly SeverityLevel: number;
}

/** The table AppTraces as the host fills it from the service's own logger. */
export function appTraces(clock: () => Date): { readonly logger: Logger; readonly traces: readonly Trace[] } {
  const traces: Trace[] = [];
  const write =
    (level: keyof LogSink): ((line: string) => void) =>
    (line) => {
      if (line.length > MAX_MESSAGE)
        throw new Error(`a line of ${line.length} characters would be cut: ${line.slice(0, 200)}`);
      traces.push({ TimeGenerated: clock(), Message: line, SeverityLevel: SEVERITIES[level] });
    };
  const sink: LogSink = {
    trace: write("trace"),
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
  return { logger: contextLogger(sink, "info"), traces };
}

/** The same lines, by a service that calls a field otherwise. */
export const renamed = (traces: readonly Trace[], field: string): readonly Trace[] =>
  traces.map((trace) => ({ ...trace, Message: trace.Message.replaceAll(`"${field}":`, `"${field}Renamed":`) }));

/** A query's rows over the last `windowMs`, by column, as an alert's window and a workbook's time range cut them. */
export function queryTraces(
  query: string,
  traces: readonly Trace[],
  now: Date,
  windowMs: number,
): readonly Readonly<Record<string, Value>>[] {
  const { columns, rows } = execute(query, {
    tables: {
      AppTraces: tableOf(
        SCHEMAS["log-analytics"]["AppTraces"] ?? [],
        traces.map((trace) => ({ ...trace })),
      ),
    },
    now,
    timeRange: { from: new Date(now.getTime() - windowMs), to: now },
  });
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null])));
}
