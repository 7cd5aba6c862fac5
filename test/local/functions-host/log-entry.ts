import type { LogLevel } from "./functions-core.ts";

/** One line that the app logged. `message` is what a real host stores: the formatted text, no property bag. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly message: string;
  /** Absent: the library's own line, outside an invocation. */
  readonly functionName?: string;
  readonly invocationId?: string;
}
