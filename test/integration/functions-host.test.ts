import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { LogEntry } from "../local/functions-host/log-entry.ts";
import { spawnFunctions, type FunctionsProcess, type SpawnOptions } from "../local/functions-host/spawn.ts";

const APP = `
  import { app } from "@azure/functions";
  app.hook.appStart((context) => { context.hookData.started = true; });
  app.hook.preInvocation((context) => { context.invocationContext.info("before", context.inputs.length); });
  app.hook.postInvocation((context) => { context.invocationContext.info("after", context.error?.message ?? "no error", context.result); });
  app.hook.appTerminate((context) => { console.log("terminated", context.hookData.started); });
  app.timer("speak", {
    schedule: "%SPEAK_SCHEDULE%",
    handler: (timer, context) => {
      context.info("said %s", process.env.WORDS, JSON.stringify(timer.isPastDue));
      context.warn(context.functionName, context.traceContext.traceParent.length);
      return "result";
    },
  });
  app.timer("fail", {
    schedule: "0 0 1 * * *",
    retry: { strategy: "fixedDelay", maxRetryCount: 2, delayInterval: { seconds: 5 } },
    handler: async () => { throw new TypeError("no such luck"); },
  });
  app.timer("hang", { schedule: "0 0 2 * * *", handler: (_, context) => { context.info("hanging"); return new Promise(() => setInterval(() => {}, 1000)); } });
`;
const BANNER = `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`;

let packageDir: string;
const started: FunctionsProcess[] = [];

beforeAll(async () => {
  packageDir = await packageOf(APP);
});

afterEach(async () => {
  for (const host of started.splice(0)) await host.kill();
});

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A package as it is deployed: a bundle in an empty folder, far from any node_modules. */
async function packageOf(source: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "firstsight-app-"));
  folders.push(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", main: "dist/*.js" }));
  await build({
    stdin: { contents: source, resolveDir: import.meta.dirname },
    outfile: join(folder, "dist", "app.js"),
    bundle: true,
    platform: "node",
    target: "node22",
    format: "esm",
    external: ["@azure/functions-core"],
    banner: { js: BANNER },
    minify: true,
    keepNames: true,
    logLevel: "silent",
  });
  return folder;
}

async function start(options: Partial<SpawnOptions> = {}, folder = packageDir): Promise<FunctionsProcess> {
  const host = await spawnFunctions(folder, {
    settings: { SPEAK_SCHEDULE: "0 */5 * * * *", WORDS: "hello" },
    ...options,
  });
  started.push(host);
  return host;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("functions: those of the bundle alone, by name, with schedules resolved and retries as registered", async () => {
  const { functions } = await start();
  expect(functions).toEqual([
    expect.objectContaining({
      name: "fail",
      type: "timerTrigger",
      schedule: "0 0 1 * * *",
      retry: expect.objectContaining({ maxRetryCount: 2 }),
    }),
    { name: "hang", type: "timerTrigger", schedule: "0 0 2 * * *" },
    { name: "speak", type: "timerTrigger", schedule: "0 */5 * * * *" },
  ]);
});

test("invoke: the genuine context formats and levels the lines, and hooks run around the handler", async () => {
  const entries: LogEntry[] = [];
  const host = await start({ onLog: (entry) => entries.push(entry) });
  await host.invoke("speak", { isPastDue: true });
  const of = entries.filter(({ functionName }) => functionName === "speak");
  expect(of.map(({ level, message }) => `${level}: ${message}`)).toEqual([
    "information: before 1",
    "information: said hello true",
    "warning: speak 55",
    "information: after no error result",
  ]);
  expect(new Set(of.map(({ invocationId }) => invocationId)).size).toBe(1);
  expect(of[0]?.invocationId).toMatch(/^[0-9a-f-]{36}$/);
});

test("invoke: what the function throws comes back, after its hooks; the host goes on", async () => {
  const entries: LogEntry[] = [];
  const host = await start({ onLog: (entry) => entries.push(entry) });
  await expect(host.invoke("fail")).rejects.toMatchObject({ name: "TypeError", message: "no such luck" });
  expect(entries.map(({ message }) => message)).toContain("after no such luck null");
  await expect(host.invoke("nobody")).rejects.toThrow('no function "nobody": there are speak, fail, hang');
  await host.invoke("speak");
});

test("stop: terminate hooks run, and the process ends well", async () => {
  let output = "";
  const host = await start({ onOutput: (text) => (output += text) });
  await host.stop();
  expect(await host.exited).toBe(0);
  expect(output).toContain("terminated true");
});

test("a process that dies: the running invocation rejects, and so does the next", async () => {
  const said = new Set<string>();
  const host = await start({ onLog: ({ message }) => said.add(message) });
  const running = host.invoke("hang");
  const seen = expect(running).rejects.toThrow("SIGKILL");
  while (!said.has("hanging")) await delay(5);
  await host.kill();
  await seen;
  await expect(host.invoke("speak")).rejects.toThrow("ended");
});

test("a parent that is killed: its host ends too, in the middle of an invocation", async () => {
  const module = join(import.meta.dirname, "..", "local", "functions-host", "spawn.ts");
  const program = `
    import { spawnFunctions } from ${JSON.stringify(module)};
    const settings = { SPEAK_SCHEDULE: "0 0 0 * * *" };
    const host = await spawnFunctions(${JSON.stringify(packageDir)}, { settings, onLog: () => console.log(host.pid) });
    await host.invoke("hang");`;
  const parent = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((said) => createInterface(parent.stdout).once("line", said));
  parent.kill("SIGKILL");
  while (isAlive(Number(line))) await delay(5);
});

test("a setting that a schedule names and that is missing: refused, by name", async () => {
  await expect(start({ settings: {} })).rejects.toThrow("SPEAK_SCHEDULE");
});

test("an entry point that throws at load: refused, not an app with no functions", async () => {
  const broken = await packageOf(`throw new Error("at load");`);
  await expect(start({}, broken)).rejects.toThrow(/app\.js failed to load: at load/);
});

test("a package that was not built: said so", async () => {
  const empty = mkdtempSync(join(tmpdir(), "firstsight-app-"));
  folders.push(empty);
  writeFileSync(join(empty, "package.json"), JSON.stringify({ type: "module", main: "dist/*.js" }));
  await expect(start({}, empty)).rejects.toThrow("matches no file: build the package first");
});
