import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** The version that made the committed snapshots and the format. */
export const BICEP_VERSION = "0.49.2";

export const HOW_TO_GET_BICEP = `the Bicep CLI ${BICEP_VERSION} is not there: scripts/install-bicep.sh FOLDER puts it into a folder (with the .NET SDK, from NuGet) and prints its path, which BICEP names; or have it on PATH; or run \`az bicep install --version v${BICEP_VERSION}\``;

/**
 * Path of the Bicep CLI: from `BICEP`, on `PATH`, or where `az bicep install` puts it. `undefined` where there is none.
 * @throws {Error} where `BICEP` names a file that can't be run: using another one silently would surprise
 */
export function findBicep(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = env["BICEP"];
  if (named) {
    if (!isExecutable(named))
      throw new Error(`BICEP names ${named}, which can't be run; name the Bicep CLI or unset it`);
    return named;
  }
  const ofAzureCli = join(env["AZURE_CONFIG_DIR"] || join(homedir(), ".azure"), "bin");
  return [...(env["PATH"] ?? "").split(delimiter).filter(Boolean), ofAzureCli]
    .map((folder) => join(folder, "bicep"))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface BicepAnswer {
  readonly ok: boolean;
  readonly stdout: string;
  /** `stderr`: diagnostics, one a line. `ok` is true also with warnings. */
  readonly stderr: string;
}

/** Runs the CLI to its end, in `cwd`. */
export function runBicep(bicep: string, args: readonly string[], cwd: string): BicepAnswer {
  const { status, stdout, stderr, error } = spawnSync(bicep, args, {
    cwd,
    encoding: "utf8",
    maxBuffer: 100_000_000,
    // Runs without libicu, with the same output everywhere.
    env: { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1" },
  });
  if (error) throw new Error(`the Bicep CLI ${bicep} could not be started`, { cause: error });
  return { ok: status === 0, stdout, stderr };
}
