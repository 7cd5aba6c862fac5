import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Writes a file that, killed at any moment, is the old one or the new one. */
export function writeWhole(file: string, text: string): void {
  const written = `${file}.${process.pid}.tmp`;
  const handle = openSync(written, "w");
  try {
    writeFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(written, file);
  const folder = openSync(dirname(file), "r");
  try {
    fsyncSync(folder); // makes the rename itself last
  } finally {
    closeSync(folder);
  }
}
