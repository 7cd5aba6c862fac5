import type { Command } from "commander";

import { addImportCommand } from "./detections-import.ts";
import { addTestCommand } from "./detections-test.ts";
import { addValidateCommand } from "./detections-validate.ts";

/** `firstsight detections`: commands for authors of detections. */
export function addDetectionsCommand(program: Command): void {
  const detections = program.command("detections").description("Detections: check, test and import them.");
  addValidateCommand(detections);
  addTestCommand(detections);
  addImportCommand(detections);
}
