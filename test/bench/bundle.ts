import { spawnSync } from "node:child_process";
import { globSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Figure } from "./figure.ts";
import { median } from "./figure.ts";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));

/** What the functions import, from `node_modules`. */
const PACKAGES = [
  "@azure/functions",
  "@azure/monitor-query",
  "@azure/identity",
  "@azure/data-tables",
  "@azure/service-bus",
  "pino",
  "zod",
];

/** How long the deployed bundle takes to load against the same imports unbundled, and its size. */
export function benchBundle(scale: number): readonly Figure[] {
  const bundle = globSync("functions/*.js", { cwd: DIST }).map((file) => `${DIST}${file}`);
  const runs = scale < 1 ? 3 : 15;
  const ratios: number[] = [];
  for (let i = 0; i < runs; i++) ratios.push(loadTime(bundle) / loadTime(PACKAGES));
  const bytes = globSync("**/*.js", { cwd: DIST }).reduce((sum, file) => sum + statSync(`${DIST}${file}`).size, 0);
  return [
    {
      name: "bundle: load time ÷ the same imports from node_modules",
      value: median(ratios),
      unit: "×",
      limit: { sign: "≤", value: 0.5 },
    },
    { name: "bundle: size", value: bytes / 1e6, unit: "MB", limit: { sign: "≤", value: 2.3 }, exact: true },
  ];
}

/** Milliseconds to import all of them in a new process. */
function loadTime(specifiers: readonly string[]): number {
  const script = `const t = performance.now(); for (const s of ${JSON.stringify(specifiers)}) await import(s); process.stdout.write(String(performance.now() - t));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    cwd: fileURLToPath(new URL("../../", import.meta.url)),
  });
  // The library warns to stdout that no host is there: the figure is the last thing written.
  const milliseconds = Number(/[\d.]+$/.exec(stdout)?.[0]);
  if (status !== 0 || !(milliseconds > 0)) throw new Error(`the bundle does not load: ${stderr}`);
  return milliseconds;
}
