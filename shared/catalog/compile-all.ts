import type { SourceText } from "./source-text.ts";
import type { Pack } from "../core/pack.ts";
import { compileCatalogue } from "./compile-catalogue.ts";
import { compileDetection } from "./compile.ts";
import type { DetectionFile } from "./detection-file.ts";
import { duplicateIds, loadDetectionFile } from "./detection-file.ts";
import type { FileProblem } from "./file-problem.ts";
import type { Tool } from "./tools.ts";

export type CompiledAll =
  | { readonly packs: readonly Pack[]; readonly warnings: readonly FileProblem[] }
  | { readonly problems: readonly FileProblem[] };

/**
 * Packs of the catalogue, then of all detection files in their order. A local file replaces the shipped one of the same id.
 * Reports all problems at once.
 */
export function compileAll({
  tools = [],
  shipped,
  local,
}: {
  /** Tools of the catalogue; the enabled ones make one pack. */
  readonly tools?: readonly Tool[];
  readonly shipped: readonly SourceText[];
  readonly local: readonly SourceText[];
}): CompiledAll {
  const problems: FileProblem[] = [];
  const load = (sources: readonly SourceText[]): DetectionFile[] =>
    sources.flatMap(({ file, text }) => {
      const loaded = loadDetectionFile(text, file);
      if ("detection" in loaded) return [loaded.detection];
      problems.push(...loaded.problems);
      return [];
    });
  const own = load(local);
  const standard = load(shipped);
  problems.push(...duplicateIds(standard), ...duplicateIds(own));
  const replaced = new Set(own.map(({ id }) => id));
  const on = tools.filter(({ enabled }) => enabled);
  const packs: Pack[] = on.length > 0 ? [compileCatalogue(on)] : [];
  const toolsById = new Map(on.map(({ id, slug }) => [id, slug]));
  const warnings: FileProblem[] = [];
  for (const detection of [...standard.filter(({ id }) => !replaced.has(id)), ...own]) {
    const tool = toolsById.get(detection.id);
    if (tool !== undefined)
      problems.push({
        file: detection.file,
        line: 1,
        column: 1,
        message: `id ${detection.id} is that of the catalogue's tool ${tool}; make a new GUID, or switch ${tool} off in shared/catalog/local/rmm-tools.yaml`,
      });
    const compiled = compileDetection(detection);
    if ("problems" in compiled) {
      problems.push(...compiled.problems);
      continue;
    }
    // Coverage and logs know a pack by its name.
    if (packs.some(({ name }) => name === compiled.pack.name))
      problems.push({
        file: detection.file,
        line: 1,
        column: 1,
        message: `another file has this name; rename one of them`,
      });
    packs.push(compiled.pack);
    warnings.push(...compiled.warnings);
  }
  return problems.length > 0 ? { problems } : { packs, warnings };
}
