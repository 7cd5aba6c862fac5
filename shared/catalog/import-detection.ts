import { basename } from "node:path";

import { compileDetection } from "./compile.ts";
import type { SourceText } from "./source-text.ts";
import type { DetectionFile } from "./detection-file.ts";
import { loadDetectionFile } from "./detection-file.ts";
import type { FileProblem } from "./file-problem.ts";
import { testSkeleton } from "./import-test-skeleton.ts";
import { fixDataTypes } from "./fix-data-types.ts";

/** A Sentinel file as a detection of the catalogue. */
export interface ImportedDetection {
  readonly detection: DetectionFile;
  /** `NAME.yaml`, made from the file's own name. */
  readonly name: string;
  /** The file's text: mended, lines end with LF. */
  readonly text: string;
  /** What `NAME.test.yaml` begins with: its gaps are problems until they are filled in. */
  readonly tests: string;
  /** Lines (from 1) whose indentation was mended. */
  readonly fixed: readonly number[];
  readonly warnings: readonly FileProblem[];
}

export type ImportOutcome = ImportedDetection | { readonly problems: readonly FileProblem[] };

/** Takes a Sentinel file as it is. What can't be taken is a problem at its place in the file. */
export function importDetection({ file, text }: SourceText): ImportOutcome {
  const slug = slugOf(file);
  if (slug === "")
    return {
      problems: [{ file, line: 1, column: 1, message: "no letter a to z or digit is in the file's name; rename it" }],
    };
  const { fixed, lines } = fixDataTypes(text.replace(/^\uFEFF/, "").replaceAll(/\r\n?/g, "\n"));
  const inFile = (problems: readonly FileProblem[]): readonly FileProblem[] =>
    problems.map((problem) => ({ ...problem, file, column: originalPosition(problem, lines) }));
  const name = `${slug}.yaml`;
  const loaded = loadDetectionFile(fixed, name);
  if ("problems" in loaded) return { problems: inFile(loaded.problems) };
  const compiled = compileDetection(loaded.detection);
  if ("problems" in compiled) return { problems: inFile(compiled.problems) };
  return {
    detection: loaded.detection,
    name,
    text: fixed.endsWith("\n") ? fixed : `${fixed}\n`,
    tests: testSkeleton(loaded.detection.query),
    fixed: lines,
    warnings: inFile(compiled.warnings),
  };
}

/** A mended line stands two columns further left in the file. */
const originalPosition = ({ line, column }: FileProblem, fixed: readonly number[]): number =>
  fixed.includes(line) ? Math.max(1, column - 2) : column;

/** `rmm_Some Tool_filesig.yml`: `rmm-some-tool-filesig`. Letters lose their accents. */
const slugOf = (file: string): string =>
  basename(file)
    .replace(/\.ya?ml$/i, "")
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
