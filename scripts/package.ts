import { glob, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { buildPackage } from "./build.ts";
import { writeAtomically } from "./write-atomically.ts";
import { zipArchive } from "./zip-archive.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DIST = `${ROOT}dist/`;
const DEFAULT_TARGET = `${ROOT}firstsight.zip`;

/** The files to deploy; anything else in `dist/`, such as settings with secrets, stays out. */
const DEPLOYED = ["host.json", "package.json", "functions/*.js", "chunks/*.js"];

export interface Packaged {
  readonly target: string;
  /** Size of the archive in bytes. */
  readonly bytes: number;
  /** Unpacked bytes by path. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/**
 * Builds `dist/` and writes it as the zip archive that Azure Functions runs from. The same sources give the same bytes.
 * @throws {Error} the errors of `buildPackage`
 */
export async function writePackage(target: string): Promise<Packaged> {
  await buildPackage();
  const paths = (await Array.fromAsync(glob(DEPLOYED, { cwd: DIST }))).toSorted();
  const files = new Map<string, Uint8Array>();
  for (const path of paths) files.set(path, await readFile(`${DIST}${path}`));
  const archive = zipArchive(files);
  writeAtomically(target, archive);
  return {
    target,
    bytes: archive.length,
    files: [...files].map(([path, contents]) => ({ path, bytes: contents.length })),
  };
}

if (import.meta.main) {
  try {
    const { target, bytes, files } = await writePackage(process.argv[2] ?? DEFAULT_TARGET);
    for (const file of files) console.log(`${String(file.bytes).padStart(9)}  ${file.path}`);
    console.log(`${String(bytes).padStart(9)}  ${target}: ${files.length} files`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
