import { readFileSync, statSync } from "node:fs";

import type { SourceText } from "./source-text.ts";
import type { FileProblem } from "./file-problem.ts";

/** Bytes. A detection has a query of at most 100,000 characters. */
const MAX_SIZE = 1_000_000;

/** A file's text, or the problem of reading it. */
export function readSource(file: string): SourceText | { readonly problem: FileProblem } {
  const refuse = (message: string): { readonly problem: FileProblem } => ({
    problem: { file, line: 1, column: 1, message },
  });
  try {
    const { size } = statSync(file);
    if (size > MAX_SIZE) return refuse(`${size} bytes are too many for a detection: at most ${MAX_SIZE}`);
    return { file, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(file)) };
  } catch (error) {
    if (error instanceof TypeError) return refuse("not UTF-8; save it as UTF-8");
    return refuse(`can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
