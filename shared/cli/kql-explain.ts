import { existsSync } from "node:fs";

import type { Command } from "commander";

import type { Explanation } from "../catalog/explain.ts";
import { explain } from "../catalog/explain.ts";
import { readSource } from "../catalog/read-source.ts";
import { printableProblem, printableText } from "./printable.ts";

interface ExplainOptions {
  readonly json?: true;
}

/** `firstsight kql explain`: tables, columns and compiled texts of a query. Exit 0; 1 when the query is wrong; 2 usage. */
export function addExplainCommand(kql: Command): void {
  kql
    .command("explain")
    .description(
      "Explain a query: its tables, its columns, how far it looks back, and its text as Log Analytics gets it and as a hunter pastes it into Defender XDR.",
    )
    .argument("<file>", "a detection's .yaml, or a .kql over Device tables")
    .option("--json", "one JSON object on stdout")
    .action(explainFile);
}

function explainFile(file: string, { json }: ExplainOptions, command: Command): void {
  if (!/\.(?:kql|ya?ml)$/.test(file)) command.error(`${file}: name a .kql, or a detection's .yaml`, { exitCode: 2 });
  if (!existsSync(file)) command.error(`${file}: there is no such file`, { exitCode: 2 });
  const source = readSource(file);
  const explained = "problem" in source ? { problems: [source.problem] } : explain(source);
  if ("problems" in explained) {
    process.exitCode = 1;
    if (json) console.log(JSON.stringify({ file, problems: explained.problems }));
    else for (const problem of explained.problems) console.error(printableProblem(problem));
    return;
  }
  console.log(json ? JSON.stringify(explained) : textOf(explained));
}

function textOf({ tables, columns, ownWindow, text, warnings }: Explanation): string {
  const width = Math.max(...columns.map(({ name }) => name.length));
  return [
    "Reads",
    ...tables.map((table) => `  ${table}`),
    "Answers",
    ...columns.map(({ name, type }) => `  ${name.padEnd(width)}  ${type}`),
    `Looks back ${ownWindow === undefined ? "as far as the plan says" : `${span(ownWindow)} by itself`}`,
    ...(warnings.length === 0 ? [] : ["Warnings", ...warnings.map((warning) => `  ${printableProblem(warning)}`)]),
    "",
    "// In Log Analytics, as it is sent; the window stands for the planned one:",
    printableText(text["log-analytics"].trimEnd()),
    "",
    "// In Defender XDR, for advanced hunting:",
    printableText(text["defender-xdr"].trimEnd()),
  ].join("\n");
}

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/** Milliseconds in the largest unit of KQL that gives a whole number: `5d`, `36h`. */
function span(milliseconds: number): string {
  const unit = UNITS.find(([, size]) => milliseconds % size === 0) ?? UNITS[4];
  return `${milliseconds / unit[1]}${unit[0]}`;
}
