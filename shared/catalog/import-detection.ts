import { basename } from "node:path";

import { compileDetection } from "./compile.ts";
import type { SourceText } from "./source-text.ts";
import type { DetectionFile } from "./detection-file.ts";
import { loadDetectionFile } from "./detection-file.ts";
import type { FileProblem } from "./file-problem.ts";
import { testSkeleton } from "./import-test-skeleton.ts";
import { fixDataTypes } from "./fix-data-types.ts";

/** A Sentinel file, turned into a detection of the catalogue. */
export interface ImportedDetection {
  readonly detection: DetectionFile;
  /** `NAME.yaml`, derived from the file's name. */
  readonly name: string;
  /** The file's text with known faults fixed; lines end with LF. */
  readonly text: string;
  /** Skeleton of `NAME.test.yaml`: its gaps are problems until somebody fills them in. */
  readonly tests: string;
  /** Lines (from 1) whose indentation was fixed. */
  readonly fixed: readonly number[];
  readonly warnings: readonly FileProblem[];
}

export type ImportOutcome = ImportedDetection | { readonly problems: readonly FileProblem[] };

/** Imports a Sentinel file as it is. Everything that can't be imported is a problem at its position in the file. */
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

/** The column in the original file: a fixed line was indented two columns less there. */
const originalPosition = ({ line, column }: FileProblem, fixed: readonly number[]): number =>
  fixed.includes(line) ? Math.max(1, column - 2) : column;

/** `rmm_Some Tool_filesig.yml` becomes `rmm-some-tool-filesig`. Letters lose their accents. */
const slugOf = (file: string): string =>
  basename(file)
    .replace(/\.ya?ml$/i, "")
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
