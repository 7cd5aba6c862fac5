import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** A file of a room, and an import that its room may not have. The target need not exist: the rule reads the path. */
const FORBIDDEN: readonly (readonly [file: string, imported: string])[] = [
  ["shared/core/seeded.ts", "@azure/data-tables"],
  ["shared/core/seeded-logger.ts", "../logger.ts"],
  ["shared/core/stores/seeded.ts", "../../azure/coverage-table.ts"],
  ["shared/core/approve/seeded.ts", "../../run/run.ts"],
  ["shared/evidence/seeded.ts", "../announce/commit.ts"],
  ["shared/outbox/seeded.ts", "../azure/outbox-table.ts"],
  ["shared/announce/seeded.ts", "../review/reannounce.ts"],
  ["shared/review/seeded.ts", "../run/run-context.ts"],
  ["shared/run/seeded.ts", "../azure/sightings-table.ts"],
  ["shared/run/seeded-host.ts", "../host/compose.ts"],
  ["shared/azure/seeded.ts", "../run/run.ts"],
  ["shared/settings/seeded.ts", "../azure/credential.ts"],
  ["shared/host/seeded.ts", "../cli/main.ts"],
  ["shared/host/seeded-test.ts", "../../test/model/world.ts"],
  ["shared/operations/seeded.ts", "../cli/main.ts"],
  ["shared/operations/seeded-azure.ts", "../azure/retention.ts"],
  ["shared/operations/doctor/seeded.ts", "../../cli/main.ts"],
  ["shared/catalog/seeded.ts", "../azure/log-analytics.ts"],
  ["shared/catalog/testing/seeded.ts", "../../cli/main.ts"],
  ["shared/kql/seeded.ts", "../core/pack.ts"],
  ["shared/local/log-analytics/seeded.ts", "../../run/run.ts"],
  ["shared/cli/seeded.ts", "../../test/local/start.ts"],
  ["shared/seeded.ts", "./azure/credential.ts"],
  ["functions/seeded.ts", "../shared/azure/coverage-table.ts"],
  ["functions/seeded-kql.ts", "../shared/kql/validate.ts"],
];

let folder = "";
let reported: ReadonlySet<string> = new Set();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "firstsight-imports-"));
  const config = JSON.parse(await readFile(join(ROOT, ".oxlintrc.json"), "utf8"));
  // The rules about imports need no types, and types need the whole project.
  const options = { ...config.options, typeAware: false };
  await write(".oxlintrc.json", JSON.stringify({ ...config, $schema: undefined, options }));
  for (const [file, imported] of FORBIDDEN) await write(file, `import "${imported}";\n`);
  await write("shared/run/circle-a.ts", 'import type { B } from "./circle-b.ts";\nexport type A = B | 1;\n');
  await write("shared/run/circle-b.ts", 'import type { A } from "./circle-a.ts";\nexport type B = A | 2;\n');
  await write("shared/kql/interpret/circle-a.ts", 'import type { B } from "./circle-b.ts";\nexport type A = B | 1;\n');
  await write("shared/kql/interpret/circle-b.ts", 'import type { A } from "./circle-a.ts";\nexport type B = A | 2;\n');
  await write("shared/run/allowed.ts", 'import "../announce/commit.ts";\nimport "../core/plan.ts";\n');
  reported = await lint();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(FORBIDDEN)("%s may not import %s", (file) => {
  expect(reported).toContain(`${file} eslint(no-restricted-imports)`);
});

test("an import circle is found, of types too; the interpreter may have one, since expressions contain tables", () => {
  const circles = [...reported].filter((one) => one.endsWith("import(no-cycle)"));
  expect(circles.toSorted()).toEqual([
    "shared/run/circle-a.ts import(no-cycle)",
    "shared/run/circle-b.ts import(no-cycle)",
  ]);
});

test("what runs one way is allowed", () => {
  expect([...reported].filter((one) => one.startsWith("shared/run/allowed.ts eslint(no-restricted"))).toEqual([]);
});

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), text);
}

/** `FILE RULE` of every finding. The linter ends with 1 where it has some. */
function lint(): Promise<ReadonlySet<string>> {
  return new Promise((resolve, reject) => {
    const program = join(ROOT, "node_modules/.bin/oxlint");
    execFile(program, ["--format", "json"], { cwd: folder, maxBuffer: 32 * 1024 * 1024 }, (error, stdout) => {
      if (error && error.code !== 1) return reject(error);
      const { diagnostics }: { diagnostics: readonly { readonly code: string; readonly filename: string }[] } =
        JSON.parse(stdout);
      resolve(new Set(diagnostics.map(({ filename, code }) => `${filename} ${code}`)));
    });
  });
}
