import { existsSync, readFileSync } from "node:fs";
import type { Command } from "commander";
import { detectionPaths, testPathOf } from "../catalog/detection-paths.ts";
import { testDetection } from "../catalog/testing/test-detection.ts";
import { reportLines, totalsOf } from "./print-test-report.ts";

interface TestOptions {
  readonly mutate?: boolean;
  readonly json?: true;
}

/** `firstsight detections test`. Exit code 1 where a case fails, a detection has no tests, or a mutant goes unnoticed. */
export function addTestCommand(detections: Command): void {
  detections
    .command("test")
    .description("Run each detection over the rows in the *.test.yaml beside it, in both dialects.")
    .argument("[path...]", "detection files, or folders of them; default: all of this clone")
    .option("--mutate", "also change and weaken each part of the query in turn, and name what no case notices")
    .option("--json", "one JSON object on stdout")
    .action(testDetections);
}

function testDetections(paths: readonly string[], { mutate = false, json }: TestOptions, command: Command): void {
  const found = detectionPaths(paths);
  if ("problem" in found) return command.error(`error: ${found.problem}`, { exitCode: 2 });
  const reports = found.files.map((file) => {
    const test = testPathOf(file);
    const tests = existsSync(test) ? readFileSync(test, "utf8") : undefined;
    return testDetection({ file, text: readFileSync(file, "utf8"), test: tests }, { mutate });
  });
  const totals = totalsOf(reports);
  console.log(json ? JSON.stringify({ ...totals, reports }) : reportLines(reports, mutate).join("\n"));
  if (totals.failed + totals.problems > 0) process.exitCode = 1;
}
