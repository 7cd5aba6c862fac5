import { existsSync, globSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import type { TemplateInput } from "../catalog/approval-file.ts";
import { approvalText, loadApprovals, loadTemplate } from "../catalog/approval-file.ts";
import type { Template } from "../catalog/approval-template.ts";
import { problemLine } from "../catalog/file-problem.ts";
import { nearest } from "../kql/nearest.ts";
import { OWN_APPROVALS, readSource, TEMPLATES, toolSlugs } from "./approvals-files.ts";

export interface NewOptions extends TemplateInput {
  /** Folder to write the file into. */
  readonly dir?: string;
}

/** Writes an approval made from a template. `usage`: what is missing or wrong; then nothing is written. */
export async function newApproval(
  templateName: string,
  options: NewOptions,
  now: Date,
): Promise<{ readonly file: string } | { readonly usage: string }> {
  const template = readTemplate(templateName);
  if ("usage" in template) return template;
  const missing = missingOptions(template, options);
  if (missing.length > 0) return { usage: `the template ${template.id} needs ${missing.join(", ")} too` };
  const { dir = OWN_APPROVALS } = options;
  const text = approvalText(template, options);
  const file = join(dir, `${options.id}.yaml`);
  const { problems } = loadApprovals([{ file, text }], { now, tools: await toolSlugs() });
  // Without positions: they refer to a text that the user never sees.
  if (problems.length > 0) return { usage: problems.map(({ message }) => message).join("\n") };
  if (existsSync(file)) return { usage: `${file} is there already: choose another --id, or change that file` };
  await mkdir(dir, { recursive: true });
  await writeFile(file, text, { flag: "wx" });
  return { file: relative(process.cwd(), file) };
}

/** Names of the shipped templates. */
export const templateNames = (): readonly string[] =>
  globSync(join(TEMPLATES, "*.yaml"))
    .filter((file) => !file.endsWith(".test.yaml"))
    .map((file) => basename(file, ".yaml"))
    .toSorted();

function readTemplate(name: string): Template | { readonly usage: string } {
  const names = templateNames();
  if (!names.includes(name)) {
    const near = nearest(name, names);
    return {
      usage: `there is no template ${name}; ${near === undefined ? `there are ${names.join(", ")}` : `did you mean ${near}?`}`,
    };
  }
  const loaded = loadTemplate(readSource(join(TEMPLATES, `${name}.yaml`)));
  if ("problems" in loaded) throw new Error(loaded.problems.map(problemLine).join("\n"));
  return loaded;
}

function missingOptions({ requires }: Template, input: TemplateInput): readonly string[] {
  return [
    ...(input.groups.length + input.devices.length === 0 ? ["--group or --device"] : []),
    ...(requires.includes("tools") && input.tools.length === 0 ? ["--tool"] : []),
    ...(requires.includes("logon") && input.sources.length === 0 ? ["--source"] : []),
    ...(requires.includes("logon") && input.accounts.length === 0 ? ["--account"] : []),
    ...(requires.includes("session") && input.validFrom === undefined ? ["--valid-from"] : []),
    ...(requires.includes("session") && input.validTo === undefined ? ["--valid-to"] : []),
  ];
}
