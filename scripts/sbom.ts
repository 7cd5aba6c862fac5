import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { z } from "zod";
import { writeAtomically } from "./write-atomically.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DEFAULT_TARGET = `${ROOT}firstsight.cdx.json`;

const Sbom = z.object({ components: z.array(z.unknown()) });

/**
 * Writes the software bill of materials of the deployed functions, from the lockfile: CycloneDX 1.5. Returns the number of
 * packages. Works on a copy without development dependencies: `npm sbom --omit=dev` would leave out every package that one of them
 * needs too.
 * @throws {Error} with npm's message
 */
export async function writeSbom(target: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "firstsight-sbom-"));
  const npm = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)("npm", args, { cwd: folder, maxBuffer: 50_000_000 })).stdout;
  try {
    await cp(`${ROOT}package-lock.json`, join(folder, "package-lock.json"));
    const {
      devDependencies: _,
      optionalDependencies: __,
      ...manifest
    } = z
      .looseObject({ devDependencies: z.unknown(), optionalDependencies: z.unknown() })
      .parse(JSON.parse(await readFile(`${ROOT}package.json`, "utf8")));
    await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
    await npm("install", "--package-lock-only", "--ignore-scripts", "--offline", "--no-audit");
    const text = await npm("sbom", "--sbom-format=cyclonedx", "--package-lock-only");
    writeAtomically(target, Buffer.from(text));
    return Sbom.parse(JSON.parse(text)).components.length;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const target = process.argv[2] ?? DEFAULT_TARGET;
  try {
    console.log(`${target}: ${await writeSbom(target)} packages`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
