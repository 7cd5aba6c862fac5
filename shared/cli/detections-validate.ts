import type { Command } from "commander";

import { readTools } from "../catalog/catalogue-files.ts";
import type { SourceText } from "../catalog/source-text.ts";
import { detectionPaths } from "../catalog/detection-paths.ts";
import type { FileProblem } from "../catalog/file-problem.ts";
import { readSource } from "../catalog/read-source.ts";
import type { FilesReport } from "../catalog/validate-files.ts";
import { validateFiles } from "../catalog/validate-files.ts";
import { counted } from "../operations/counted.ts";
import { printableProblem } from "./printable.ts";

interface ValidateOptions {
  readonly json?: true;
}

/** `firstsight detections validate`: the build's checks of detection files. Exit 0; 1 when there are problems; 2 usage. */
export function addValidateCommand(detections: Command): void {
  detections
    .command("validate")
    .description(
      "Check detection files: the YAML, Sentinel's rules, and the query in Log Analytics and in Defender XDR. Without a path: those of this clone.",
    )
    .argument("[path...]", "files, or folders with all below them")
    .option("--json", "one JSON object on stdout: files, problems, warnings")
    .action(validate);
}

function validate(paths: readonly string[], { json }: ValidateOptions, command: Command): void {
  const found = detectionPaths(paths);
  if ("problem" in found) return command.error(found.problem, { exitCode: 2 });
  const sources: SourceText[] = [];
  const unreadable: FileProblem[] = [];
  for (const file of found.files) {
    const source = readSource(file);
    if ("problem" in source) unreadable.push(source.problem);
    else sources.push(source);
  }
  const { problems, warnings } = validateFiles(sources);
  // When files are named, only they are checked.
  const catalogue = paths.length === 0 ? readTools() : undefined;
  const tools = catalogue && "tools" in catalogue ? catalogue.tools.length : undefined;
  const report: FilesReport & { readonly tools?: number } = {
    files: found.files.length,
    ...(tools !== undefined && { tools }),
    problems: [...(catalogue && "problems" in catalogue ? catalogue.problems : []), ...unreadable, ...problems],
    warnings,
  };
  if (report.problems.length > 0) process.exitCode = 1;
  if (json) console.log(JSON.stringify(report));
  else for (const line of linesOf(report)) console.log(line);
}

const linesOf = ({
  files,
  tools,
  problems,
  warnings,
}: FilesReport & { readonly tools?: number }): readonly string[] => [
  ...problems.map(printableProblem),
  ...warnings.map((warning) => printableProblem({ ...warning, message: `warning: ${warning.message}` })),
  `${tools === undefined ? "" : `${counted(tools, "tool")} of the catalogue, `}${counted(files, "detection")}: ${problems.length === 0 ? "valid" : counted(problems.length, "problem")}${
    warnings.length === 0 ? "" : `, ${counted(warnings.length, "warning")}`
  }`,
];
