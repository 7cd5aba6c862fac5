import { execute } from "../../kql/interpret.ts";
import { tooDeep } from "../../kql/nesting.ts";
import type { Dialect } from "../../kql/schema.ts";
import type { TableData } from "../../kql/table-data.ts";
import type { Question } from "./question.ts";
import { resultText } from "./result-text.ts";
import { badArgument, executionError, partialError, syntaxError, tooLarge } from "./service-error.ts";
import { statisticsOf } from "./statistics.ts";
import { parseTimespan } from "./timespan.ts";

/** Data and limits for answering a query. */
export interface AnswerOptions {
  readonly tables: Readonly<Record<string, TableData>>;
  readonly now: Date;
  readonly dialect: Dialect;
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly statistics: boolean;
  /** Cuts the true answer to so many rows, and adds an error. */
  readonly cut?: { readonly keepRows: number; readonly code?: string };
}

/** `text` is the JSON body as text: `JSON.stringify` would round longs. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * The service's answer to a query: a result, a partial result, or an error.
 * @throws for a defect of the interpreter
 */
export function answerTo(question: Question, options: AnswerOptions): Answer {
  const started = performance.now();
  const { tables, now, dialect, maxRows, maxBytes, statistics, cut } = options;
  // Checked before the language service, whose time grows with the square of the depth.
  const deep = tooDeep(question.query);
  if (deep !== undefined) return answerOf(syntaxError(deep, deep.message));
  try {
    const timeRange = parseTimespan(question.timespan, now);
    const result = execute(question.query, { dialect, tables, now, maxRows, ...(timeRange && { timeRange }) });
    const shown = resultText(result, { rows: cut?.keepRows ?? maxRows, bytes: maxBytes });
    const error = partialReason({ cut, truncated: result.truncated, maxRows, whole: shown.whole, maxBytes });
    const took = performance.now() - started;
    const parts = [
      `"tables":${shown.tables}`,
      ...(statistics ? [`"statistics":${JSON.stringify(statisticsOf(took, tables, shown.rows, shown.bytes))}`] : []),
      ...(error === undefined ? [] : [`"error":${JSON.stringify(partialError(error))}`]),
    ];
    return { status: 200, text: `{${parts.join(",")}}` };
  } catch (error) {
    const refused = error instanceof RangeError ? badArgument(error.message) : executionError(error);
    if (refused === undefined) throw error;
    return answerOf(refused);
  }
}

const answerOf = ({ status, body }: { readonly status: number; readonly body: object }): Answer => ({
  status,
  text: JSON.stringify(body),
});

interface Cut extends Pick<AnswerOptions, "maxRows" | "maxBytes"> {
  readonly cut: AnswerOptions["cut"];
  readonly truncated: boolean;
  readonly whole: boolean;
}

function partialReason({ cut, truncated, maxRows, whole, maxBytes }: Cut): string | undefined {
  if (cut !== undefined)
    return cut.code === undefined
      ? tooLarge(`${cut.keepRows} records`)
      : `The query could not be completed (${cut.code}).`;
  if (truncated) return tooLarge(`${maxRows} records`);
  return whole ? undefined : tooLarge(`${maxBytes} bytes`);
}
