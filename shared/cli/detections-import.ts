import { existsSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

import type { Command } from "commander";

import type { ImportedFile } from "../catalog/import-files.ts";
import { importFiles, importable } from "../catalog/import-files.ts";
import { counted } from "../operations/counted.ts";
import { printableLine, printableProblem } from "./printable.ts";

const LOCAL = fileURLToPath(new URL("../catalog/local/detections/", import.meta.url));

interface ImportOptions {
  readonly out?: string;
  readonly force?: true;
  readonly json?: true;
}

/** `firstsight detections import`: imports Sentinel files as own detections. Exit 0; 1 when a file can't be imported; 2 usage. */
export function addImportCommand(detections: Command): void {
  detections
    .command("import")
    .description(
      "Import Sentinel hunting queries and scheduled rules as they are: each is checked, fixed where its indentation has a known fault, and written with a skeleton of its tests.",
    )
    .argument("<path>", "a file, or a folder with all below it")
    .option("--out <dir>", "where to (default: shared/catalog/local/detections of this clone)")
    .option("--force", "overwrite detections that are there; tests always stay")
    .option("--json", "one JSON object on stdout: files, totals")
    .action(importAll);
}

function importAll(path: string, { out, force, json }: ImportOptions, command: Command): void {
  if (!existsSync(path)) command.error(`${path}: there is no such file or folder`, { exitCode: 2 });
  const files = importable(path);
  if (files.length === 0) command.error(`${path}: no .yaml or .yml file is there`, { exitCode: 2 });
  const imported = importFiles(files, out ?? (relative(process.cwd(), LOCAL) || "."), force === true);
  if (imported.some(({ outcome }) => outcome === "refused")) process.exitCode = 1;
  if (json) console.log(JSON.stringify({ files: imported, totals: totalsOf(imported) }));
  else for (const line of [...imported.flatMap(linesOf), lastLine(imported)]) console.log(line);
}

function linesOf(imported: ImportedFile): readonly string[] {
  if (imported.outcome === "refused") return imported.problems.map(printableProblem);
  const { file, outcome, path, tests, notes } = imported;
  return [
    printableLine(
      `${file}: ${outcome === "written" ? `written to ${path}` : `${path} is the same already`}; ${
        tests.outcome === "written" ? `fill in ${tests.path}` : `its tests in ${tests.path} stay`
      }`,
    ),
    ...notes.map(printableProblem),
  ];
}

interface Totals {
  readonly written: number;
  readonly unchanged: number;
  readonly refused: number;
  /** How many of the written and unchanged files were fixed. */
  readonly fixed: number;
}

function totalsOf(imported: readonly ImportedFile[]): Totals {
  const count = (outcome: ImportedFile["outcome"]): number => imported.filter((one) => one.outcome === outcome).length;
  return {
    written: count("written"),
    unchanged: count("unchanged"),
    refused: count("refused"),
    fixed: imported.filter((one) => one.outcome !== "refused" && one.fixed).length,
  };
}

function lastLine(imported: readonly ImportedFile[]): string {
  const { written, unchanged, refused, fixed } = totalsOf(imported);
  return `${counted(imported.length, "file")}: ${written} written, ${unchanged} the same already, ${refused} can't be taken; ${fixed} fixed`;
}
