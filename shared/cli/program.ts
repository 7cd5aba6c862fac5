import { Command } from "commander";
import { addApprovalsCommand } from "./approvals.ts";
import { addCatalogCommand } from "./catalog.ts";
import { addDetectionsCommand } from "./detections.ts";
import { addDoctorCommand } from "./doctor.ts";
import { addKqlCommand } from "./kql.ts";
import { addLocalCommand } from "./local.ts";
import { addSightingsCommand } from "./sightings.ts";
import { addStateCommand } from "./state.ts";

/** The program `firstsight` with all its commands. */
export function firstsight(): Command {
  const program = new Command("firstsight")
    .description("Firstsight for operators and detection engineers.")
    .exitOverride()
    .showHelpAfterError("(--help says more)");
  addApprovalsCommand(program);
  addCatalogCommand(program);
  addDetectionsCommand(program);
  addDoctorCommand(program);
  addKqlCommand(program);
  addLocalCommand(program);
  addSightingsCommand(program);
  addStateCommand(program);
  return program;
}
