import { glob, readFile, rm } from "node:fs/promises";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions } from "esbuild";
import { build } from "esbuild";
import { z } from "zod";
import { problemLine } from "../shared/catalog/file-problem.ts";
import { generatePacks } from "./generate-packs.ts";
import { isDraft, writeAtomically } from "./write-atomically.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DIST = `${ROOT}dist/`;

/** Most bytes of all scripts together. A larger bundle starts more slowly: find out which import made it grow. */
const MAX_BYTES = 2_300_000;

/** Never in the deployed bundle: parsers, tools, tests. */
const FORBIDDEN = [
  /^shared\/(?:kql|cli)\//,
  /^shared\/catalog\/(?!generated\/)/,
  /^(?:test|scripts)\//,
  /node_modules\/(?:@kusto|yaml|commander|rhea\/test|vitest)\//,
];

/** CommonJS packages in the bundle call `require` for Node's own modules, and @azure/functions for the host's. */
const BANNER =
  'import { createRequire as __createRequire } from "node:module"; import { fileURLToPath as __toPath } from "node:url"; import { dirname as __toDir } from "node:path"; const require = __createRequire(import.meta.url); const __filename = __toPath(import.meta.url); const __dirname = __toDir(__filename);';

/** Options of every bundle of the service. */
export const BUNDLING = {
  // Lazily imported chunks go outside the folder in which the host looks for functions.
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  minify: true,
  // Code distinguishes errors by their class name.
  keepNames: true,
  platform: "node",
  // Without it a lazily imported CommonJS package would lack its named exports.
  mainFields: ["module", "main"],
  target: "node22",
  format: "esm",
  external: ["@azure/functions-core"],
  banner: { js: BANNER },
  logLevel: "warning",
} satisfies BuildOptions;

/**
 * Builds `dist/`: the deployable folder, which needs no `node_modules`. Returns its size in bytes.
 * @throws {Error} naming every detection that can't be compiled, or every file that must not be in the bundle
 */
export async function buildPackage(): Promise<number> {
  const problems = await generatePacks();
  if (problems.length > 0) throw new Error(`detections can't be compiled:\n${problems.map(problemLine).join("\n")}`);
  const entryPoints = await Array.fromAsync(glob("functions/*.ts", { cwd: ROOT }));
  if (entryPoints.length === 0) throw new Error("functions/ holds no entry");

  const { metafile, outputFiles } = await build({
    ...BUNDLING,
    absWorkingDir: ROOT,
    entryPoints: entryPoints.toSorted(),
    outdir: DIST,
    outbase: ROOT,
    metafile: true,
    write: false,
  });
  const strays = Object.keys(metafile.inputs).filter((input) => FORBIDDEN.some((pattern) => pattern.test(input)));
  if (strays.length > 0) throw new Error(`these have no place in the deployed bundle: ${strays.join(", ")}`);
  const bytes = outputFiles.reduce((sum, { contents }) => sum + contents.length, 0);
  if (bytes > MAX_BYTES) throw new Error(`the bundle has ${bytes} bytes, more than ${MAX_BYTES}`);

  const host = await readFile(`${ROOT}host.json`);
  const { name, version } = z
    .object({ name: z.string(), version: z.string() })
    .parse(JSON.parse(await readFile(`${ROOT}package.json`, "utf8")));
  const manifest = `${JSON.stringify({ name, version, type: "module", main: "functions/*.js" }, undefined, 2)}\n`;
  await replaceContents(
    new Map([
      ...outputFiles.map(({ path, contents }): [string, Uint8Array] => [relative(DIST, path), contents]),
      ["host.json", host],
      ["package.json", Buffer.from(manifest)],
    ]),
  );
  return bytes + host.length;
}

/**
 * Makes `dist/` contain exactly these files, and at no moment lacks one of them: a running service, or another build at the same
 * time, still has to find its lazy chunks.
 */
async function replaceContents(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [name, contents] of files) writeAtomically(`${DIST}${name}`, contents);
  for await (const { parentPath, name } of glob("**/*", { cwd: DIST, withFileTypes: true })) {
    const path = relative(DIST, `${parentPath}/${name}`);
    const isOutput = [...files.keys()].some((file) => file === path || file.startsWith(`${path}/`));
    // Leaves the drafts of another build alone.
    if (!isOutput && !isDraft(path)) await rm(`${DIST}${path}`, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  try {
    const bytes = await buildPackage();
    console.error(`dist/ is ready to deploy: ${(bytes / 1e6).toFixed(2)} MB`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
