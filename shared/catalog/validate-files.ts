import { dirname } from "node:path";

import type { SourceText } from "./source-text.ts";
import { compileDetection } from "./compile.ts";
import type { DetectionFile } from "./detection-file.ts";
import { duplicateIds, loadDetectionFile } from "./detection-file.ts";
import type { FileProblem } from "./file-problem.ts";

export interface FilesReport {
  readonly files: number;
  /** Ordered by file as given, then by position. */
  readonly problems: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
}

/** Every problem that the build would find in detection files: in each file, and between files. */
export function validateFiles(sources: readonly SourceText[]): FilesReport {
  const problems: FileProblem[] = [];
  const warnings: FileProblem[] = [];
  const loaded: DetectionFile[] = [];
  for (const { file, text } of sources) {
    const outcome = loadDetectionFile(text, file);
    if ("problems" in outcome) {
      problems.push(...outcome.problems);
      continue;
    }
    loaded.push(outcome.detection);
    const compiled = compileDetection(outcome.detection);
    if ("problems" in compiled) problems.push(...compiled.problems);
    else warnings.push(...compiled.warnings);
  }
  problems.push(...together(loaded));
  const order = new Map(sources.map(({ file }, index) => [file, index]));
  const inOrder = (found: readonly FileProblem[]): readonly FileProblem[] =>
    found.toSorted((a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0));
  return { files: sources.length, problems: inOrder(problems), warnings: inOrder(warnings) };
}

/** A customer's file replaces the shipped one of the same id; apart from that, ids and names are unique. */
function together(files: readonly DetectionFile[]): readonly FileProblem[] {
  const isLocal = ({ file }: DetectionFile): boolean => /(?:^|[\\/])local[\\/]detections$/.test(dirname(file));
  const own = files.filter(isLocal);
  const standard = files.filter((file) => !isLocal(file));
  const replaced = new Set(own.map(({ id }) => id));
  return [
    ...duplicateIds(standard),
    ...duplicateIds(own),
    ...duplicateNames([...standard.filter(({ id }) => !replaced.has(id)), ...own]),
  ];
}

/** Problems for repeated names: coverage and logs identify a pack by its file name. */
function duplicateNames(files: readonly DetectionFile[]): readonly FileProblem[] {
  const first = new Map<string, DetectionFile>();
  return files.flatMap((detection) => {
    const { slug, file, id } = detection;
    const known = first.get(slug);
    if (known === undefined) first.set(slug, detection);
    return known === undefined || known.id === id
      ? []
      : [{ file, line: 1, column: 1, message: `${known.file} has this name too; rename one of them` }];
  });
}
