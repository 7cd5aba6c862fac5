import { Script, createContext } from "node:vm";

import { KqlRuntimeError } from "./kql-error.ts";

const script = new Script("task()");
const context: { task?: () => void } = createContext({});

/**
 * Runs a task that nothing else can interrupt: V8 ends it where the time is over, also within one regular expression. The last
 * resort behind the counted bounds.
 * @throws {KqlRuntimeError} the time is over
 */
export function within<T>(milliseconds: number, task: () => T): T {
  const made: T[] = [];
  context.task = () => void made.push(task());
  try {
    script.runInContext(context, { timeout: milliseconds });
  } catch (error) {
    // The error is of the context's own kind: instanceof does not know it.
    if (Object(error).code === "ERR_SCRIPT_EXECUTION_TIMEOUT")
      throw new KqlRuntimeError(
        `the query has taken ${milliseconds} ms without an end; filter earlier, write simpler regular expressions, or read each let statement fewer times`,
        undefined,
        { cause: error },
      );
    throw error;
  }
  for (const result of made) return result;
  throw new TypeError("the task left no result");
}
