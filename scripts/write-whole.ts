import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const UNDER_WAY = /\.\d+\.new$/;

/** Whether a path is one that `writeWhole` has not yet put in its place. */
export const isUnderWay = (path: string): boolean => UNDER_WAY.test(path);

/** Writes a file, its folders too, so that a reader finds the old or the new content and nothing between. Leaves an equal one as it is. */
export function writeWhole(path: string, contents: Uint8Array): void {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, contents);
  renameSync(draft, path);
}
