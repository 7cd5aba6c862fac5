import type { Command } from "commander";
import { addTestCommand } from "./detections-test.ts";

/** `firstsight detections`: for who writes detections. */
export function addDetectionsCommand(program: Command): void {
  const detections = program.command("detections").description("Detections as code.");
  addTestCommand(detections);
}
