import { existsSync, readFileSync } from "node:fs";
import type { Command } from "commander";
import { detectionPaths, testPathOf } from "../catalog/detection-paths.ts";
import { readTemplates, readToolTests, readTools, toolFileOf } from "../catalog/catalogue-files.ts";
import { testDetection } from "../catalog/testing/test-detection.ts";
import type { ToolsReport } from "../catalog/testing/test-tools.ts";
import { testTools } from "../catalog/testing/test-tools.ts";
import { loadToolTests } from "../catalog/testing/tool-tests.ts";
import type { ApprovalReport } from "../catalog/testing/approval-tests.ts";
import { testApproval } from "../catalog/testing/approval-tests.ts";
import { approvalLines, reportLines, toolLines, totalsOf } from "./print-test-report.ts";

interface TestOptions {
  readonly mutate?: boolean;
  readonly json?: true;
}

const FORMAT = `
Beside NAME.yaml stand its tests, NAME.test.yaml. The query runs with its own window, at a fixed now:

  now: 2026-03-01T12:00:00Z
  cases:                        # one that matches, one that must not, one boundary at least
    - name: the signer in another case
      boundary: true
      tables:                   # only the columns that matter
        DeviceFileCertificateInfo:
          - { Timestamp: now-5d, DeviceId: a1, Signer: "SOME NAME, INC" }
      expect:                   # in any order, only the columns that are named; [] for no row
        - { DeviceId: a1, FirstSeen: now-5d }
  survivors:                    # what --mutate names and no case can notice
    - mutation: count() → max(long(1))
      reason: why the changed query means the same

Times: ISO 8601, or now with offsets (now-1h30m, now+1tick). Timestamp and TimeGenerated stand for each other; a row without
either is an hour old, and was ingested at its time where it does not say $ingested. Lists compare in order, but as sets where
the query uses make_set. Exit codes: 0 all pass, 1 findings, 2 usage.`;

/** `firstsight detections test`. Exit code 1 when a case fails, a detection has no tests, or a mutant survives. */
export function addTestCommand(detections: Command): void {
  detections
    .command("test")
    .description(
      "Run the catalogue's tools over the signers in rmm-tools.test.yaml, the templates of approvals over the evidence in theirs, and each detection file over the rows in the *.test.yaml beside it, in both dialects.",
    )
    .argument(
      "[path...]",
      "detection files, or folders of them; default: the catalogue's tools, and all files of this clone",
    )
    .option("--mutate", "also change and weaken each part of the query in turn, and name what no case notices")
    .option("--json", "one JSON object on stdout")
    .addHelpText("after", FORMAT)
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
  // When files are named, only they are tested.
  const tools = paths.length === 0 ? testCatalogue(mutate) : undefined;
  const approvals = paths.length === 0 ? testTemplates() : [];
  if (json) console.log(JSON.stringify({ ...totals, reports, ...(tools && { tools, approvals }) }));
  else {
    if (tools) console.log([...toolLines(tools), ...approvalLines(approvals), ""].join("\n"));
    if (!tools || reports.length > 0) console.log(reportLines(reports, mutate).join("\n"));
  }
  if (
    totals.failed +
      totals.problems +
      (tools?.problems.length ?? 0) +
      approvals.flatMap(({ problems }) => problems).length >
    0
  )
    process.exitCode = 1;
}

function testTemplates(): readonly ApprovalReport[] {
  const loaded = readTools();
  const tools = "tools" in loaded ? loaded.tools.map(({ slug }) => slug) : [];
  return readTemplates().map(({ template, test }) => testApproval(template, test, tools));
}

function testCatalogue(mutate: boolean): ToolsReport {
  const loaded = readTools();
  const tested = "problems" in loaded ? loaded : loadToolTests(readToolTests(), loaded.tools, toolFileOf);
  return "problems" in loaded || "problems" in tested
    ? { tools: 0, cases: 0, failed: 0, problems: "problems" in tested ? tested.problems : [] }
    : testTools(loaded.tools, tested.cases, { mutate });
}
