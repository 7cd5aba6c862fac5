import { createHash } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Pack } from "../shared/core/pack.ts";
import { catalogDetections, renameToYaml, testPathOf } from "../shared/catalog/detection-paths.ts";
import type { FileProblem } from "../shared/catalog/file-problem.ts";
import { writeAtomically } from "./write-atomically.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const OUTPUT = "shared/catalog/generated/packs.ts";

/** Inputs of the compilation: a change in any of them compiles again. */
const INPUTS = [
  "shared/catalog/{,local/}rmm-tools{,.test}.yaml",
  "shared/catalog/{detections,local/detections}/*.{yaml,yml}",
  "shared/catalog/{,testing/}*.ts",
  "shared/kql/**/*.{ts,json}",
  "shared/core/{pack,slice,kql-text}.ts",
  "scripts/generate-packs.ts",
  // Versions of the language service and of the YAML parser.
  "package-lock.json",
];

/** Compiles every detection file to KQL that is ready to run. Returns the problems with their positions; none: the output is current. */
export async function generatePacks(): Promise<readonly FileProblem[]> {
  const stamp = `// Made by scripts/generate-packs.ts of ${hashOf(INPUTS.flatMap(filesOf))}; changes are lost.\n`;
  const output = `${ROOT}${OUTPUT}`;
  if (existsSync(output) && readFileSync(output, "utf8").startsWith(stamp)) return [];
  // Imported only when there is something to compile: the language service takes a second to load.
  const { compileAll } = await import("../shared/catalog/compile-all.ts");
  const shipped = catalogDetections("shipped");
  const local = catalogDetections("local");
  const misnamed = [...shipped.misnamed, ...local.misnamed].map((file) => ({
    file,
    line: 1,
    column: 1,
    message: renameToYaml(file),
  }));
  const { readTools, readToolTests, toolFileOf } = await import("../shared/catalog/catalogue-files.ts");
  const loaded = readTools();
  const tools = "tools" in loaded ? loaded.tools : [];
  const { loadToolTests } = await import("../shared/catalog/testing/tool-tests.ts");
  const toolTests = "problems" in loaded ? loaded : loadToolTests(readToolTests(), tools, toolFileOf);
  const { requireTests } = await import("../shared/catalog/testing/require-tests.ts");
  const untested = [...shipped.files, ...local.files].flatMap((file) => {
    const test = `${ROOT}${testPathOf(file)}`;
    const required = requireTests(file, existsSync(test) ? readFileSync(test, "utf8") : undefined);
    return "problems" in required ? required.problems : [];
  });
  const compiled = compileAll({ tools, shipped: readAll(shipped.files), local: readAll(local.files) });
  const problems = [
    ...misnamed,
    ...("problems" in toolTests ? toolTests.problems : []),
    ...("problems" in compiled ? compiled.problems : []),
    ...untested,
  ];
  if ("problems" in compiled || problems.length > 0) return problems;
  for (const { file, line, column, message } of compiled.warnings)
    console.error(`${file}:${line}:${column}: warning: ${message}`);
  writeAtomically(output, Buffer.from(stamp + moduleText(compiled.packs)));
  return [];
}

const filesOf = (pattern: string): string[] => globSync(pattern, { cwd: ROOT }).toSorted();
const readAll = (files: readonly string[]): { file: string; text: string }[] =>
  files.map((file) => ({ file, text: readFileSync(`${ROOT}${file}`, "utf8") }));

function hashOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(`${ROOT}${file}`))
      .update("\0");
  return hash.digest("hex");
}

const moduleText = (packs: readonly Pack[]): string =>
  `import type { Pack } from "../../core/pack.ts";\n\nexport const packs: readonly Pack[] = ${JSON.stringify(packs, undefined, 2)};\n`;

if (import.meta.main) {
  const problems = await generatePacks();
  for (const { file, line, column, message } of problems) console.error(`${file}:${line}:${column}: ${message}`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
