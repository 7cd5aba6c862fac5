import { existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { testPathOf } from "./detection-paths.ts";
import type { FileProblem } from "./file-problem.ts";
import type { ImportedDetection } from "./import-detection.ts";
import { importDetection } from "./import-detection.ts";
import { knownDetections } from "./import-known.ts";
import { readSource } from "./read-source.ts";

/** Outcome of one file. */
export type ImportedFile =
  | {
      readonly file: string;
      readonly outcome: "written" | "unchanged";
      /** Path of the detection. */
      readonly path: string;
      /** Its indentation was wrong and has been fixed. */
      readonly fixed: boolean;
      readonly tests: { readonly path: string; readonly outcome: "written" | "kept" };
      /** Changes and warnings, positioned in the original file. */
      readonly notes: readonly FileProblem[];
    }
  | { readonly file: string; readonly outcome: "refused"; readonly problems: readonly FileProblem[] };

/** Sentinel files under a path, in order: the file itself, or all below a folder except tests and hidden files. */
export function importable(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path];
  return globSync("**/*.{yaml,yml}", {
    cwd: path,
    exclude: (name) => /^(?:node_modules|\.[^./\\].*)$/.test(basename(name)),
  })
    .filter((name) => !/\.test\.ya?ml$/.test(name))
    .toSorted()
    .map((name) => join(path, name));
}

/**
 * Imports files into a folder of detections, one after the other; one failure stops no other. An existing detection stays unless
 * forced; existing tests always stay.
 */
export function importFiles(files: readonly string[], out: string, force: boolean): readonly ImportedFile[] {
  const known = knownDetections(out);
  return files.map((file): ImportedFile => {
    const source = readSource(file);
    if ("problem" in source) return { file, outcome: "refused", problems: [source.problem] };
    const imported = importDetection(source);
    if ("problems" in imported) return { file, outcome: "refused", problems: imported.problems };
    const path = join(out, imported.name);
    const { id, idAt } = imported.detection;
    const refuse = (message: string): ImportedFile => ({
      file,
      outcome: "refused",
      problems: [{ file, ...idAt, message }],
    });
    const clash = known.clash(imported.detection, path);
    if (clash !== undefined) return refuse(clash);
    try {
      const outcome = writeDetection(path, imported.text, force);
      if (outcome === "differs") return refuse(`${path} is there already and differs; --force overwrites it`);
      known.add(id, path);
      const tests = testPathOf(path);
      const testsOutcome = writeDetection(tests, imported.tests, false) === "written" ? "written" : "kept";
      return {
        file,
        outcome,
        path,
        fixed: imported.fixed.length > 0,
        tests: { path: tests, outcome: testsOutcome },
        notes: notesOn(imported, file, known.replaced(id)),
      };
    } catch (error) {
      return refuse(`${path} can't be written: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
}

function writeDetection(path: string, text: string, force: boolean): "written" | "unchanged" | "differs" {
  if (existsSync(path)) {
    if (readFileSync(path, "utf8") === text) return "unchanged";
    if (!force) return "differs";
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { flag: force ? "w" : "wx" });
  return "written";
}

function notesOn(
  { fixed, warnings, detection }: ImportedDetection,
  file: string,
  replaced: string | undefined,
): readonly FileProblem[] {
  const shifted = fixed.map((line) => ({
    file,
    line,
    column: 1,
    message: "fixed: dataTypes was indented two spaces too little and belonged to no connector",
  }));
  const replaces =
    replaced === undefined
      ? []
      : [{ file, ...detection.idAt, message: `it takes the place of ${replaced}, which has this id` }];
  return [...shifted, ...replaces, ...warnings];
}
