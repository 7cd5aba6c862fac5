import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startStage } from "../faults/stage.ts";
import { announcedDevices, levelDevices, loadFleet, makeFleet, type Fleet } from "../local/fleet.ts";

const START = fileURLToPath(new URL("../local/start.ts", import.meta.url));

interface Line {
  readonly event: string;
  readonly n?: number;
  readonly id?: string;
  readonly deviceIds?: readonly string[];
  readonly type?: string;
  readonly approvalId?: string;
  readonly outcome?: string;
  readonly announced?: number;
  readonly runs?: number;
  readonly messages?: number;
  readonly distinctIds?: number;
  readonly exitCode?: number;
}

interface Started {
  readonly child: ChildProcess;
  readonly lines: Line[];
  readonly errors: string[];
  readonly exited: Promise<number | null>;
}

/** As `npm start` runs it, in a process group of its own. */
function start(options: readonly string[], settings: Readonly<Record<string, string>> = {}): Started {
  const env = { ...process.env, ...settings };
  const child = spawn(process.execPath, [START, ...options], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env,
  });
  const lines: Line[] = [];
  const errors: string[] = [];
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const [last = "", ...whole] = (rest + text).split("\n").toReversed();
    rest = last;
    if (options.includes("--json")) lines.push(...whole.toReversed().map((line) => JSON.parse(line)));
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => errors.push(text));
  return { child, lines, errors, exited: new Promise((resolve) => child.on("close", resolve)) };
}

const messagesOf = (lines: readonly Line[]): readonly Line[] => lines.filter(({ event }) => event === "message");
const devicesOf = (lines: readonly Line[]): readonly string[] =>
  messagesOf(lines).flatMap(({ deviceIds }) => deviceIds ?? []);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "firstsight-start-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const fleetOf = (dir: string): Fleet => loadFleet(join(dir, "fleet.ndjson"));
const levelOf = (dir: string): ReadonlySet<string> => levelDevices(fleetOf(dir), new Date());
const announcedOf = (dir: string): ReadonlySet<string> => announcedDevices(fleetOf(dir));

/** What is to be told of a fleet that nobody has kept: which devices hold what follows from seed and number. */
const toTell = announcedDevices(makeFleet({ devices: 60, seed: 1, now: new Date() }));

/** Devices that were expected, each with its approval. */
const expectedIn = (lines: readonly Line[]): readonly string[] =>
  lines
    .filter(({ event }) => event === "expected")
    .flatMap(({ approvalId, deviceIds = [] }) => deviceIds.map((id) => `${id} ${approvalId}`));

test("three runs – all that is there, what appeared, nothing; each device in one message, no id twice", async () => {
  const state = join(folder, "state");
  const { lines, exited } = start(["--json", "--devices", "60", "--state", state]);
  expect(await exited).toBe(0);
  const perRun = [1, 2, 3].map((n) => {
    const from = lines.findIndex((line) => line.event === "run" && line.n === n);
    const to = lines.findIndex((line) => (line.event === "run" && line.n === n + 1) || line.event === "summary");
    return devicesOf(lines.slice(from, n === 3 ? undefined : to));
  });
  expect(perRun.map(({ length }) => length)).toEqual([toTell.size, 8, 0]);
  expect(new Set(perRun[0])).toEqual(toTell);
  expect(new Set(perRun.flat())).toEqual(announcedOf(state));
  expect(levelOf(state).isSubsetOf(announcedOf(state))).toBe(true);
  const approved = fleetOf(state).holdings.filter(({ approval }) => approval !== undefined);
  expect(expectedIn(lines).toSorted()).toEqual(approved.map((one) => `${one.deviceId} ${one.approval}`).toSorted());
  expect(new Set(approved.map(({ approval }) => approval)).size).toBe(5);
  expect(messagesOf(lines).filter(({ type }) => type === "firstsight.wave.v1")).toHaveLength(1);
  const ids = messagesOf(lines).map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(lines.at(-1)).toEqual({
    event: "summary",
    runs: 3,
    messages: ids.length,
    distinctIds: ids.length,
    exitCode: 0,
  });
});

test("--once – one run over the fleet as it stands; the same devices hold Level in every fleet of one seed and size", async () => {
  const [first, second] = [join(folder, "a"), join(folder, "b")];
  for (const dir of [first, second])
    expect(await start(["--json", "--once", "--devices", "60", "--seed", "7", "--state", dir]).exited).toBe(0);
  expect(levelOf(first)).toEqual(levelOf(second));
  expect(fleetOf(first).holdings).toEqual(fleetOf(second).holdings);
  const again = start(["--json", "--once", "--state", first]);
  expect(await again.exited).toBe(0);
  expect(devicesOf(again.lines)).toEqual([]);
});

test("the environment of an app in Azure, of a proxy, of a quiet log changes nothing", async () => {
  const proxy = "http://127.0.0.1:9";
  const settings = { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, WEBSITE_INSTANCE_ID: "x", LOG_LEVEL: "error" };
  const { lines, errors, exited } = start(["--json", "--once", "--devices", "60"], settings);
  expect(await exited, errors.join("")).toBe(0);
  expect(new Set(devicesOf(lines))).toEqual(toTell);
});

test("a clean clone – nothing is loaded that only a build makes", async () => {
  const hook = `import { registerHooks } from "node:module";
    registerHooks({ resolve: (name, context, next) => {
      if (name.endsWith("/generated/packs.ts")) throw new Error("loaded before it was built: " + name);
      return next(name, context);
    } });`;
  const { errors, exited } = start(["--help"], {
    NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(hook)}"`,
  });
  expect(await exited, errors.join("")).toBe(0);
});

test("--watch – runs on the schedule until SIGTERM, then exit 0", async () => {
  const { child, lines, errors, exited } = start(["--json", "--watch", "--devices", "60"], {
    DETECT_SCHEDULE: "* * * * * *",
  });
  await expect.poll(() => lines.filter(({ event }) => event === "run").length, { timeout: 30_000 }).toBeGreaterThan(2);
  child.kill("SIGTERM");
  expect(await exited, errors.join("")).toBe(0);
  const { length: messages } = messagesOf(lines);
  expect(new Set(devicesOf(lines))).toEqual(toTell);
  expect(lines.at(-1)).toMatchObject({ event: "summary", messages, distinctIds: messages, exitCode: 0 });
});

test("nobody reads any more – what was not written stays on the queue for the next start", async () => {
  const state = join(folder, "state");
  const first = start(["--json", "--once", "--devices", "60", "--state", state]);
  // Closed before the first message is there.
  first.child.stdout?.destroy();
  expect(await first.exited).toBe(1);
  expect(first.errors.join("")).toContain("stdout is closed");
  const next = start(["--json", "--once", "--state", state]);
  expect(await next.exited).toBe(0);
  expect(new Set(devicesOf(next.lines))).toEqual(announcedOf(state));
});

test(
  "SIGKILL of everything at any moment – the next start goes on; each device is printed, each under one id",
  { timeout: 240_000 },
  async () => {
    const state = join(folder, "state");
    const printed: Line[] = [];
    for (const after of [300, 900, 1500, 2100, 2700, 3300]) {
      const killed = start(["--json", "--devices", "60", "--state", state]);
      await Promise.race([wait(after), killed.exited]);
      killTree(killed.child.pid ?? 0);
      await killed.exited;
      printed.push(...killed.lines);
    }
    const last = start(["--json", "--devices", "60", "--state", state]);
    expect(await last.exited, last.errors.join("")).toBe(0);
    printed.push(...last.lines);
    const byId = new Map(messagesOf(printed).map(({ id, deviceIds = [] }) => [id, deviceIds]));
    const told = [...byId.values()].flat();
    expect(new Set(told)).toEqual(announcedOf(state));
    expect(told).toHaveLength(announcedOf(state).size);
  },
);

/** The process and all it started, as `kill -9` of each would: children first, so that none ends by itself. */
function killTree(pid: number): void {
  for (const child of childrenOf(pid)) killTree(child);
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

const childrenOf = (pid: number): number[] =>
  globSync(`/proc/${pid}/task/*/children`).flatMap((file) => {
    try {
      return readFileSync(file, "utf8").trim().split(" ").filter(Boolean).map(Number);
    } catch {
      return []; // ended meanwhile
    }
  });

test("a second live start over one folder is refused, and the first goes on", async () => {
  const state = join(folder, "state");
  const first = start(["--json", "--watch", "--devices", "60", "--state", state], {
    DETECT_SCHEDULE: "* * * * * *",
  });
  await expect.poll(() => first.lines.length, { timeout: 30_000 }).toBeGreaterThan(0);
  const second = start(["--json", "--state", state]);
  expect(await second.exited).toBe(1);
  expect(second.errors.join("")).toContain("in use");
  expect(second.lines).toEqual([]);
  const before = first.lines.length;
  await expect.poll(() => first.lines.length, { timeout: 30_000 }).toBeGreaterThan(before);
  first.child.kill("SIGTERM");
  expect(await first.exited, first.errors.join("")).toBe(0);
});

describe("bad options – one clear error, exit 2, nothing started", () => {
  test.each([
    [["--devices", "x"]],
    [["--dry-run"]],
    [["--once", "--watch"]],
    [["--azure", "--state", "x"]],
    [["--nonsense"]],
  ])("%j", async (options) => {
    const { exited, errors } = start(options);
    expect(await exited).toBe(2);
    expect(errors.join("").trim().split("\n")).toHaveLength(1);
    expect(errors.join("")).toMatch(/^error: /);
  });

  test("--azure without settings names each one that is missing", async () => {
    const { exited, errors } = start(["--azure", "--dry-run"]);
    expect(await exited).toBe(2);
    expect(errors.join("")).toMatch(/LOG_ANALYTICS_WORKSPACES is missing[^]*SERVICE_BUS_NAMESPACE is missing/);
  });
});

describe("--azure – against the services that the settings name; here those of this machine", () => {
  const devices = ["a", "b"].map((prefix) => prefix.padEnd(40, "7"));

  test("--dry-run queries and decides, says what would be told, writes and sends nothing; without it, it is told", async () => {
    const stage = await startStage({ machineClock: true });
    try {
      stage.seen.push(...devices.map((device) => ({ device, at: -3_600_000 })));
      const dry = start(["--azure", "--dry-run", "--json"], stage.settings());
      expect(await dry.exited, dry.errors.join("")).toBe(0);
      expect(devicesOf(dry.lines).toSorted()).toEqual(devices);
      expect(dry.errors.join("")).toContain("level: 2 would be announced");
      expect(stage.proxy.seen.filter(({ kind }) => kind !== "read")).toEqual([]);
      expect(stage.onQueue()).toEqual([]);
      const real = start(["--azure", "--json"], stage.settings());
      expect(await real.exited, real.errors.join("")).toBe(0);
      expect(real.lines).toMatchObject([{ event: "run", n: 1, outcome: "ok", announced: 2, sent: 2 }]);
      expect(stage.devicesOnQueue()).toEqual(devices);
    } finally {
      await stage.close();
    }
  });
});
