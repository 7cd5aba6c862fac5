import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const DRAFT = /\.\d+\.new$/;

/** Whether a path is a draft that `writeAtomically` has not renamed yet. */
export const isDraft = (path: string): boolean => DRAFT.test(path);

/** Writes a file and its folders so that a reader finds either the old or the new content. Does not touch an equal file. */
export function writeAtomically(path: string, contents: Uint8Array): void {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, contents);
  renameSync(draft, path);
}
