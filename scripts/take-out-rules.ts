/**
 * Takes out each rule of the design, one at a time, in a copy of the sources, and sees its test go red: a test that stays green
 * without its rule proves nothing. Exit 1 when one stays green, or when a rule is no longer found where it was.
 */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Cut } from "./rule-cuts.ts";
import { CUTS } from "./rule-cuts.ts";

const RULES = [
  ...["rules", "approval-rules", "waves", "starvation", "histories"].map((name) => `test/model/${name}.test.ts`),
  "test/unit/core/row.test.ts",
  "test/unit/azure/log-analytics.test.ts",
];

const root = fileURLToPath(new URL("../", import.meta.url));
const copy = await mkdtemp(join(tmpdir(), "firstsight-rules-"));
let failed = 0;
try {
  for (const part of ["shared", "scripts", "test", "docs", "package.json", "tsconfig.json", "vitest.config.ts"])
    await cp(join(root, part), join(copy, part), { recursive: true });
  await symlink(join(root, "node_modules"), join(copy, "node_modules"));
  for (const cut of CUTS) {
    const file = join(copy, cut.file);
    const whole = await readFile(file, "utf8");
    if (!whole.includes(cut.from)) {
      console.log(`${cut.rule}  NOT FOUND  ${cut.what} (${cut.file})`);
      failed += 1;
      continue;
    }
    await writeFile(file, whole.replace(cut.from, cut.to));
    const red = await goesRed(cut);
    await writeFile(file, whole);
    console.log(`${cut.rule}  ${red ? "red" : "STAYS GREEN"}  ${cut.what}`);
    if (!red) failed += 1;
  }
} finally {
  await rm(copy, { recursive: true, force: true });
}
console.log(
  failed === 0 ? `${CUTS.length} cuts, each seen red` : `${failed} of ${CUTS.length} cuts are not held by a test`,
);
process.exitCode = failed === 0 ? 0 : 1;

/** vitest ends with 1 when a test fails; anything else is no proof. */
function goesRed({ rule }: Cut): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(copy, "node_modules/vitest/vitest.mjs"), "run", ...RULES, "-t", `${rule} –`, "--testTimeout", "20000"],
      { cwd: copy, stdio: ["ignore", "pipe", "pipe"] },
    );
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 1 && /Tests .*failed/.test(output)));
  });
}
