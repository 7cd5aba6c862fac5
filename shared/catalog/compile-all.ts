import type { Pack } from "../core/pack.ts";
import { compileDetection } from "./compile.ts";
import type { DetectionFile } from "./detection-file.ts";
import { duplicateIds, loadDetectionFile } from "./detection-file.ts";
import type { FileProblem } from "./file-problem.ts";

export interface SourceText {
  /** Path, for messages and for the pack's name. */
  readonly file: string;
  readonly text: string;
}

export type CompiledAll =
  | { readonly packs: readonly Pack[]; readonly warnings: readonly FileProblem[] }
  | { readonly problems: readonly FileProblem[] };

/** All detections, in the order of their files; a local one takes the place of a shipped one of the same id. All problems at once. */
export function compileAll({
  shipped,
  local,
}: {
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
  const packs: Pack[] = [];
  const warnings: FileProblem[] = [];
  for (const detection of [...standard.filter(({ id }) => !replaced.has(id)), ...own]) {
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
