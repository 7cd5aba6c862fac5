import { cp, glob, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { z } from "zod";
import { problemLine } from "../shared/catalog/file-problem.ts";
import { generatePacks } from "./generate-packs.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DIST = `${ROOT}dist/`;

/** Bytes of all scripts together. A larger bundle is a slower cold start: look at what came in. */
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

/**
 * Builds `dist/`: the deployable folder, which needs no `node_modules`. Returns its size in bytes.
 * @throws {Error} naming every detection that can't be compiled, or what has no place in the bundle
 */
export async function buildPackage(): Promise<number> {
  const problems = await generatePacks();
  if (problems.length > 0) throw new Error(`detections can't be compiled:\n${problems.map(problemLine).join("\n")}`);
  const entryPoints = await Array.fromAsync(glob("functions/*.ts", { cwd: ROOT }));
  if (entryPoints.length === 0) throw new Error("functions/ holds no entry");

  await rm(DIST, { recursive: true, force: true });
  await mkdir(DIST, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: entryPoints.toSorted(),
    outdir: DIST,
    outbase: ROOT,
    // What is imported lazily stays apart, outside of the folder in which the host looks for functions.
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    minify: true,
    // Errors are told apart by name.
    keepNames: true,
    platform: "node",
    // A CommonJS package that is imported lazily would come without its named exports.
    mainFields: ["module", "main"],
    target: "node22",
    format: "esm",
    external: ["@azure/functions-core"],
    banner: { js: BANNER },
    metafile: true,
    logLevel: "warning",
  });
  const strays = Object.keys(metafile.inputs).filter((input) => FORBIDDEN.some((pattern) => pattern.test(input)));
  if (strays.length > 0) throw new Error(`these have no place in the deployed bundle: ${strays.join(", ")}`);
  const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
  if (bytes > MAX_BYTES) throw new Error(`the bundle has ${bytes} bytes, more than ${MAX_BYTES}`);

  await cp(`${ROOT}host.json`, `${DIST}host.json`);
  const { name, version } = z
    .object({ name: z.string(), version: z.string() })
    .parse(JSON.parse(await readFile(`${ROOT}package.json`, "utf8")));
  await writeFile(
    `${DIST}package.json`,
    `${JSON.stringify({ name, version, type: "module", main: "functions/*.js" }, undefined, 2)}\n`,
  );
  return bytes + (await stat(`${DIST}host.json`)).size;
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
