#!/usr/bin/env node
import { Command } from "commander";
import { ConfigError } from "../errors.ts";
import { addApprovalsCommand } from "./approvals.ts";
import { addCatalogCommand } from "./catalog.ts";
import { addDetectionsCommand } from "./detections.ts";
import { addDoctorCommand } from "./doctor.ts";
import { addKqlCommand } from "./kql.ts";
import { addLocalCommand } from "./local.ts";
import { addSightingsCommand } from "./sightings.ts";
import { addStateCommand } from "./state.ts";

/** Exit codes: 0 done, 1 it could not be done, 2 usage or settings. */
const program = new Command("firstsight")
  .description("Firstsight for operators and detection engineers.")
  .exitOverride()
  .showHelpAfterError("(--help says more)");
addCatalogCommand(program);
addDetectionsCommand(program);
addKqlCommand(program);
addLocalCommand(program);
addStateCommand(program);
addApprovalsCommand(program);
addSightingsCommand(program);
addDoctorCommand(program);

try {
  await program.parseAsync();
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

/** Commander has written its own message already. */
function isCommanderExit(error: unknown): error is { readonly exitCode: number } {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    error.code.startsWith("commander.") &&
    "exitCode" in error
  );
}
