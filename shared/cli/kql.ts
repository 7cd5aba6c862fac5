import type { Command } from "commander";

import { addExplainCommand } from "./kql-explain.ts";
import { addRunCommand } from "./kql-run.ts";

/** `firstsight kql`: queries without a workspace. */
export function addKqlCommand(program: Command): void {
  const kql = program.command("kql").description("Queries, without a workspace.");
  addRunCommand(kql);
  addExplainCommand(kql);
}
