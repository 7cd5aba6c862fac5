#!/usr/bin/env node
import { ConfigError } from "../errors.ts";
import { firstsight } from "./program.ts";

/** Exit codes: 0 done; 1 failed, or there are findings; 2 usage or settings. */
try {
  await firstsight().parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  if (isCommanderExit(error)) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ConfigError) {
    for (const problem of error.problems) console.error(problem);
    return 2;
  }
  console.error(error instanceof Error ? error.message : String(error));
  for (let cause = error instanceof Error ? error.cause : undefined; cause instanceof Error; cause = cause.cause)
    console.error(`  because: ${cause.message}`);
  return 1;
}

/** True for commander's own errors, whose message is already printed. */
function isCommanderExit(error: unknown): error is { readonly exitCode: number } {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    error.code.startsWith("commander.") &&
    "exitCode" in error
  );
}
