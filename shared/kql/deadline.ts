import { Script, createContext } from "node:vm";

import { KqlRuntimeError } from "./kql-error.ts";

const script = new Script("task()");
const context: { task?: () => void } = createContext({});

/**
 * Runs a synchronous task with a time limit. V8 interrupts it, even inside one regular expression. The last resort behind the
 * counted bounds.
 * @throws {KqlRuntimeError} when the time is over
 */
export function within<T>(milliseconds: number, task: () => T): T {
  const made: T[] = [];
  context.task = () => void made.push(task());
  try {
    script.runInContext(context, { timeout: milliseconds });
  } catch (error) {
    // The error comes from another realm, so instanceof does not recognise it.
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
