import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadedApprovals } from "../catalog/approval-file.ts";
import { expiryWarning, loadApprovals } from "../catalog/approval-file.ts";
import { readTools } from "../catalog/catalogue-files.ts";
import type { SourceText } from "../catalog/source-text.ts";
import { problemLine } from "../catalog/file-problem.ts";
import { ConfigError } from "../errors.ts";
import { packs } from "./packs.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Folders of the customer's own approvals, which no upgrade touches, and of the shipped templates. */
export const OWN_APPROVALS = join(ROOT, "shared/catalog/local/approvals");
export const TEMPLATES = join(ROOT, "shared/catalog/approvals");

export interface ReadApprovals extends LoadedApprovals {
  /** One line for each approval that has expired or expires soon. */
  readonly warnings: readonly string[];
}

/**
 * Reads the approvals of files and folders, and checks them against the known tools.
 * @throws {ConfigError} when a path does not exist
 */
export async function readApprovals(paths: readonly string[], now: Date): Promise<ReadApprovals> {
  const files = (paths.length > 0 ? paths : [OWN_APPROVALS]).flatMap(filesOf);
  const loaded = loadApprovals(files.map(readSource), { now, tools: await toolSlugs() });
  const warnings = loaded.approvals.flatMap(({ file, approval }) => {
    const warning = expiryWarning(approval, now);
    return warning === undefined ? [] : [`${file}: warning: ${approval.id} ${warning}`];
  });
  return { ...loaded, warnings };
}

/** Slugs of the catalogue's tools, enabled or not, and of the YAML detections. */
export async function toolSlugs(): Promise<readonly string[]> {
  const loaded = readTools();
  if ("problems" in loaded) throw new Error(loaded.problems.map(problemLine).join("\n"));
  const slugs = [
    ...loaded.tools.map(({ slug }) => slug),
    ...(await packs()).flatMap(({ detections }) => detections.map(({ tool }) => tool)),
  ];
  return [...new Set(slugs)];
}

export const readSource = (file: string): SourceText => ({
  file: file.startsWith(ROOT) ? relative(ROOT, file) : file,
  text: readFileSync(file, "utf8"),
});

function filesOf(path: string): readonly string[] {
  if (!existsSync(path)) {
    if (path === OWN_APPROVALS) return [];
    throw new ConfigError([`${path} is not there: name YAML files of approvals, or folders of them`]);
  }
  return statSync(path).isDirectory()
    ? globSync(join(path, "*.{yaml,yml}"))
        .filter((file) => !/\.test\.ya?ml$/.test(file))
        .toSorted()
    : [path];
}
