import { cpSync, globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { spawnSync } from "node:child_process";
import { packs } from "../shared/catalog/generated/packs.ts";
import { BICEP_VERSION, findBicep, HOW_TO_GET_BICEP, runBicep } from "./bicep-cli.ts";
import { deviceTables } from "./device-tables.ts";
import { writeAtomically } from "./write-atomically.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const INFRA = `${ROOT}infra/`;
const TABLES_FILE = "generated/device-tables.json";
const WRITE = "run `npm run infra -- --write`, and read what it changed";

/** Fictitious scope of the snapshots: the same on every machine. */
const SCOPE = [
  ["--tenant-id", "00000000-0000-4000-8000-000000009999"],
  ["--subscription-id", "00000000-0000-4000-8000-00000000aaaa"],
  ["--resource-group", "rg-firstsight"],
  ["--location", "westeurope"],
].flat();

/** Parameter files, relative to `infra/`, each with a snapshot beside it. */
export const parameterFiles = (): readonly string[] => globSync("{,samples/}*.bicepparam", { cwd: INFRA }).toSorted();

/** Problems of the sources with their positions. None: no warning from build and lint, formatted, all generated files current. */
export function checkInfra(bicep: string): readonly string[] {
  const tables = JSON.stringify(JSON.parse(readFileSync(`${INFRA}${TABLES_FILE}`, "utf8")));
  return [
    ...(tables === JSON.stringify(deviceTables(packs))
      ? []
      : [`infra/${TABLES_FILE} is not what the compiled queries read; ${WRITE}`]),
    ...unformatted(bicep).map((file) => `infra/${file} is not formatted; ${WRITE}`),
    ...diagnostics(bicep),
    ...parameterFiles().flatMap((file) =>
      runBicep(bicep, ["snapshot", file, "--mode", "validate", ...SCOPE], INFRA).ok
        ? []
        : [`infra/${file}: its snapshot is not what it would deploy; ${WRITE}`],
    ),
  ];
}

/** The compiled template. Throws the CLI's message where there is an error. */
export function compileTemplate(bicep: string): unknown {
  const { ok, stdout, stderr } = runBicep(bicep, ["build", "--no-restore", "--stdout", "main.bicep"], INFRA);
  if (!ok) throw new Error(`infra/main.bicep can't be compiled:\n${stderr}`);
  return JSON.parse(stdout);
}

/** Every diagnostic counts, since the exit code is 0 on warnings. Linting a parameter file covers the template and all its modules. */
function diagnostics(bicep: string): readonly string[] {
  const output = [
    ["build", "--no-restore", "--stdout", "main.bicep"],
    ...parameterFiles().map((file) => ["lint", "--no-restore", file]),
  ].flatMap((args) => {
    const { ok, stderr } = runBicep(bicep, args, INFRA);
    const lines = stderr.split("\n").filter((line) => line.trim() !== "");
    return ok || lines.length > 0 ? lines : [`bicep ${args.join(" ")} failed without a word`];
  });
  return [...new Set(output)].map((line) => line.replaceAll(INFRA, "infra/"));
}

/** Sources that `bicep format` would change. It has no check mode: a copy is formatted and compared. */
function unformatted(bicep: string): readonly string[] {
  const copy = mkdtempSync(join(tmpdir(), "firstsight-infra-"));
  try {
    cpSync(INFRA, copy, { recursive: true });
    format(bicep, copy);
    const sources = globSync("**/*.{bicep,bicepparam}", { cwd: INFRA }).toSorted();
    return sources.filter((file) => !readFileSync(join(copy, file)).equals(readFileSync(`${INFRA}${file}`)));
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function format(bicep: string, folder: string): void {
  for (const pattern of ["**/*.bicep", "**/*.bicepparam"]) {
    const { ok, stderr } = runBicep(bicep, ["format", "--pattern", pattern], folder);
    if (!ok) throw new Error(`bicep format failed:\n${stderr}`);
  }
}

/** Writes the list of tables and the snapshots, and formats the sources. */
function writeInfra(bicep: string): void {
  writeAtomically(`${INFRA}${TABLES_FILE}`, Buffer.from(`${JSON.stringify(deviceTables(packs))}\n`));
  format(bicep, INFRA);
  for (const file of parameterFiles()) {
    const { ok, stderr } = runBicep(bicep, ["snapshot", file, "--mode", "overwrite", ...SCOPE], INFRA);
    if (!ok) throw new Error(`no snapshot of infra/${file} can be made:\n${stderr}`);
  }
  // Generated files have to pass the format check too.
  const { status } = spawnSync(`${ROOT}node_modules/.bin/oxfmt`, ["infra"], { cwd: ROOT, stdio: "ignore" });
  if (status !== 0) throw new Error("oxfmt could not format infra/");
}

function main(args: readonly string[]): number {
  const other = args.find((arg) => arg !== "--write");
  if (other !== undefined) throw new Error(`${other} is unknown; there is only --write`);
  const bicep = findBicep();
  if (bicep === undefined) throw new Error(HOW_TO_GET_BICEP);
  const version = /\d+\.\d+\.\d+/.exec(runBicep(bicep, ["--version"], ROOT).stdout)?.[0];
  if (version !== BICEP_VERSION)
    console.error(`warning: Bicep CLI ${version}; snapshots and format are of ${BICEP_VERSION} and may differ`);
  if (args.includes("--write")) writeInfra(bicep);
  const problems = checkInfra(bicep);
  for (const problem of problems) console.error(problem);
  console.error(`infra: ${parameterFiles().length} parameter files, ${problems.length} problems`);
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.main) {
  try {
    process.exitCode = main(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
