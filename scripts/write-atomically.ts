import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const DRAFT = /\.\d+\.new$/;

/** Whether a path is one that `writeAtomically` has not yet put in its place. */
export const isDraft = (path: string): boolean => DRAFT.test(path);

/** Writes a file, its folders too, so that a reader finds the old or the new content and nothing between. Leaves an equal one as it is. */
export function writeAtomically(path: string, contents: Uint8Array): void {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, contents);
  renameSync(draft, path);
}
