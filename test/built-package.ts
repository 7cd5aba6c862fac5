import { cp, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPackage } from "../scripts/build.ts";

/** The deployable folder, built now and copied to an empty folder outside the project: no `node_modules` is near. */
export async function builtPackage(): Promise<string> {
  await buildPackage();
  const folder = await mkdtemp(join(tmpdir(), "firstsight-package-"));
  await cp(fileURLToPath(new URL("../dist/", import.meta.url)), folder, { recursive: true });
  return folder;
}
