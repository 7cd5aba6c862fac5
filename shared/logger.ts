import { pino } from "pino";
import type { DestinationStream, Logger } from "pino";

export type { Logger } from "pino";

/** The methods of a Functions invocation context that logging needs. */
export interface LogSink {
  trace(line: string): void;
  debug(line: string): void;
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

/**
 * A pino logger that writes through the invocation's context, so that the host keeps the level and the invocation id; stdout loses
 * both. Each event is one JSON line with its name in the field `event`. In KQL, read it with `parse_json(Message)`.
 */
export function contextLogger(sink: LogSink, level: string): Logger {
  const destination: DestinationStream = {
    write: (line) => sink[sinkLevel(line)](line.trimEnd()),
  };
  return pino(
    {
      level,
      base: undefinedBase,
      messageKey: "message",
      timestamp: false,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

/** pino leaves out pid and hostname where `base` is null. */
const undefinedBase = null;

/** The level of a line. The level is the line's first field (`formatters.level`). */
function sinkLevel(line: string): keyof LogSink {
  const label = /^\{"level":"([a-z]+)"/.exec(line)?.[1];
  switch (label) {
    case "trace":
    case "debug":
    case "info":
    case "warn":
      return label;
    case undefined:
    default:
      return "error";
  }
}

/** The fields of an error for a log line: name, message and the chain of causes. No stack of an SDK, no request, no header. */
export function describeError(error: unknown): unknown {
  // AMQP errors are plain objects with a name, a condition and a description.
  if (!(error instanceof Error))
    return isNamed(error) ? { name: error.name, message: error.message } : { message: String(error) };
  return {
    name: error.name,
    message: error.message,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}

const isNamed = (error: unknown): error is { readonly name: string; readonly message: string } =>
  typeof error === "object" &&
  error !== null &&
  "name" in error &&
  typeof error.name === "string" &&
  "message" in error &&
  typeof error.message === "string";
