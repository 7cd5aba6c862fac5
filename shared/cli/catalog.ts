import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Command } from "commander";
import { Option } from "commander";

import { readTools } from "../catalog/catalogue-files.ts";
import { compileCatalogue, condition, huntingScan } from "../catalog/compile-catalogue.ts";
import { exportTool } from "../catalog/export-tool.ts";
import { problemLine } from "../catalog/file-problem.ts";
import type { Tool } from "../catalog/tools.ts";
import { bindQuery } from "../core/pack.ts";
import { ConfigError } from "../errors.ts";
import type { Dialect } from "../kql/schema.ts";
import { DIALECTS } from "../kql/schema.ts";
import { isoTime } from "./iso-time.ts";

const DAY = 86_400_000;

/** `firstsight catalog`: the tools that are detected, and the query that detects them. */
export function addCatalogCommand(program: Command): void {
  const catalog = program.command("catalog").description("The remote-management tools that are detected.");
  catalog
    .command("list")
    .description("every tool, on or off, with what it is found by")
    .option("--json", "one JSON array on stdout")
    .action(list);
  catalog
    .command("show")
    .argument("<slug>", "as `catalog list` names it")
    .description("one tool: literals, observed signers, what it misses")
    .option("--json", "one JSON object on stdout")
    .action(show);
  catalog
    .command("query")
    .description("the one query that detects all of them, ready to paste")
    .option("--all", "tools that are off too")
    .addOption(new Option("--dialect <dialect>", "where it is to run").choices(DIALECTS).default("log-analytics"))
    .option("--from <time>", "event times from, ISO 8601; default: five days before --to", isoTime)
    .option("--to <time>", "event times to, ISO 8601; default: now", isoTime)
    .option("--since <time>", "rows ingested since then count too, up to 30 days old", isoTime)
    .action(query);
  catalog
    .command("export")
    .description("each tool as a stand-alone Sentinel hunting query, for people who hunt by hand")
    .option("--dir <dir>", "where the files go; files of the same names are replaced", "exported-queries")
    .option("--all", "tools that are off too")
    .action(exportAll);
}

/** @throws {Error} naming every problem of the catalogue's files */
function tools(): readonly Tool[] {
  const loaded = readTools();
  if ("problems" in loaded) throw new Error(loaded.problems.map(problemLine).join("\n"));
  return loaded.tools;
}

function list({ json }: { readonly json?: true }): void {
  const all = tools();
  if (json) {
    console.log(JSON.stringify(all));
    return;
  }
  const width = Math.max(...all.map(({ slug }) => slug.length));
  for (const { slug, enabled, severity, category, grade, name } of all)
    console.log(
      `${enabled ? "on " : "off"}  ${slug.padEnd(width)}  ${severity.padEnd(13)}  ${category.padEnd(19)}  ${grade.padEnd(14)}  ${name}`,
    );
  const on = all.filter(({ enabled }) => enabled).length;
  console.log(
    `\n${all.length} tools, ${on} on, ${all.length - on} off. Switch them in shared/catalog/local/rmm-tools.yaml.`,
  );
}

function show(slug: string, { json }: { readonly json?: true }, command: Command): void {
  const tool = tools().find((one) => one.slug === slug);
  if (!tool) return command.error(`error: there is no tool ${slug}; \`catalog list\` names them`, { exitCode: 2 });
  if (json) {
    console.log(JSON.stringify(tool));
    return;
  }
  const lines: [string, string | undefined][] = [
    ["id", tool.id],
    ["vendor", tool.vendor],
    ["category", tool.category],
    ["severity", tool.severity],
    ["enabled", tool.enabled ? "yes" : "no"],
    ["grade", tool.grade],
    ["found by", condition(tool)],
    ["website", tool.website],
  ];
  console.log(`${tool.name} (${tool.slug})`);
  for (const [name, value] of lines) if (value !== undefined) console.log(`  ${name.padEnd(10)} ${value}`);
  for (const [title, entries] of [
    ["Signers seen", tool.observedSigners],
    ["Signers seen that are left to other tools, or too common", tool.uncovered],
    ["What it misses, and what else it reaches", tool.misses],
    ["References", tool.references],
  ] as const) {
    if (entries.length > 0) console.log(`${title}:\n${entries.map((entry) => `  - ${entry}`).join("\n")}`);
  }
}

interface QueryOptions {
  readonly all?: true;
  readonly dialect: Dialect;
  readonly from?: Date;
  readonly to?: Date;
  readonly since?: Date;
}

function query(options: QueryOptions, command: Command): void {
  const to = options.to ?? new Date();
  const from = options.from ?? new Date(to.getTime() - 5 * DAY);
  if (from >= to) return command.error("error: --from has to lie before --to", { exitCode: 2 });
  const chosen = tools().filter(({ enabled }) => enabled || options.all === true);
  if (options.dialect === "defender-xdr") {
    console.log(huntingScan(chosen, { from, to, ...(options.since && { since: options.since }) }));
    return;
  }
  const horizon = new Date(Math.min(from.getTime(), to.getTime() - 30 * DAY));
  console.log(bindQuery(compileCatalogue(chosen).query, { from, to, since: options.since ?? to, horizon }, "all"));
}

async function exportAll({ dir, all }: { readonly dir: string; readonly all?: true }): Promise<void> {
  const chosen = tools().filter(({ enabled }) => enabled || all === true);
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw new ConfigError([`${dir} can't be made a folder: choose another --dir (${String(error)})`]);
  }
  for (const tool of chosen) await writeFile(join(dir, `rmm-${tool.slug}-file-signature.yaml`), exportTool(tool));
  console.log(`${chosen.length} hunting queries written to ${dir}`);
}
