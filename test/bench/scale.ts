import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { BUNDLING } from "../../scripts/build.ts";
import { openFaultProxy } from "../local/fault-proxy.ts";
import { startTables } from "../local/tables.ts";
import { startBrokerProcess } from "./broker-process.ts";
import type { Figure } from "./figure.ts";
import type { ScaleMeasured } from "./scale-service.ts";

const WORKSPACE = "00000000-0000-4000-8000-000000000001";
const MEBIBYTE = 1024 * 1024;
/** Limits of the query API ("Service limits: Log Analytics"). */
const MAX_ROWS = 500_000;
const MAX_BYTES = 100 * MEBIBYTE;
/** Slices with devices; the seventeenth has none. */
const SLICES = 16;
const STOP_AFTER = 5;
/**
 * Node takes the limits of its heap from the memory of the machine, and collects the later the more there is. The instance in Azure
 * has 2,048 MB, this machine may have much more: the service gets what Node 24.21 was seen to take in a control group of that size.
 */
const INSTANCE_HEAP = ["--max-old-space-size=1024", "--max-semi-space-size=32"];

interface Part extends ScaleMeasured {
  readonly toTables: number;
  readonly toQueries: number;
  /** Seconds of the table service's CPU; NaN where the system does not say. */
  readonly tablesCpu: number;
}

/** Memory, CPU and requests of the service over a fleet, and over one ten times as large: first everything is new, then nothing. */
export async function benchScale(scale: number): Promise<readonly Figure[]> {
  const [few, many] = [Math.round(100_000 * scale), Math.round(1_000_000 * scale)];
  const { script, remove } = await bundleService();
  let small, large;
  try {
    small = await measure(few, scale, script);
    large = await measure(many, scale, script);
  } finally {
    await remove();
  }
  const size = many.toLocaleString("en-US");
  const [firstRun, secondRun] = large.first.runs;
  const queriesOfSteady = large.steady.runs.reduce((sum, { queries }) => sum + queries, 0);
  const inFirstRuns = large.first.runs.reduce((sum, { announced }) => sum + announced, 0);
  if (inFirstRuns !== many || large.steady.runs.some((one) => one.new !== 0 || one.rows !== many))
    throw new Error(`the bench did not tell each sighting once: ${JSON.stringify(large)}`);
  return [
    peakOf(`${size} sightings, all new: peak memory of the service (heap as in an instance of 2 GB)`, large.first),
    peakOf("  nothing new", large.steady),
    { name: "  units left by a first run that was stopped", value: firstRun?.unitsLeft ?? NaN, unit: "", exact: true },
    {
      name: "  units read again by the next",
      value: (secondRun?.queries ?? NaN) - 1 - evidenceQueries(secondRun?.new ?? NaN) - (firstRun?.unitsLeft ?? NaN),
      unit: "",
      limit: { sign: "≤", value: SLICES },
    },
    {
      name: "  queries of the steady run: freshness, and a share each",
      value: queriesOfSteady,
      unit: "",
      limit: { sign: "≤", value: SLICES + 2 },
      exact: true,
    },
    ...growth("all new", small.first, large.first, small.count, large.count),
    ...growth("nothing new", small.steady, large.steady, small.count, large.count),
  ];
}

const evidenceQueries = (candidates: number): number => Math.ceil(candidates / 500);

const peakOf = (name: string, { peak }: ScaleMeasured): Figure => ({
  name,
  value: Math.round(peak / 1e6),
  unit: "MB",
  limit: { sign: "≤", value: 400 },
  exact: true,
});

function growth(what: string, small: Part, large: Part, few: number, many: number): readonly Figure[] {
  const over = `${few.toLocaleString("en-US")} to ${many.toLocaleString("en-US")}`;
  const ratio = (figure: (part: Part) => number): number => figure(large) / figure(small);
  const limit = { sign: "≤", value: 12 } as const;
  return [
    { name: `${what}, ${over}: CPU time of the service grows`, value: ratio(({ cpuMs }) => cpuMs), unit: "×", limit },
    { name: "  to", value: large.cpuMs / 1000, unit: "s" },
    { name: "  requests to the state", value: ratio(({ toTables }) => toTables), unit: "×", limit },
    { name: "  to", value: large.toTables, unit: "" },
    { name: "  queries", value: ratio(({ toQueries }) => toQueries), unit: "×", limit },
    { name: "  to", value: large.toQueries, unit: "" },
    { name: "  CPU time of Azurite, which is not linear", value: ratio(({ tablesCpu }) => tablesCpu), unit: "×" },
  ];
}

/** A fleet of `count`: the first runs in one process of the service, a steady one in another. */
async function measure(
  count: number,
  scale: number,
  script: string,
): Promise<{ readonly count: number; readonly first: Part; readonly steady: Part }> {
  const tables = await startTables({});
  const proxy = await openFaultProxy(tables.port);
  const broker = await startBrokerProcess();
  const answers = await startAnswers(count, scale);
  let toTables = 0;
  proxy.before = () => {
    toTables += 1;
    proxy.reset();
    return "pass";
  };
  try {
    await tables.createTables(["Sightings", "Coverage", "Approvals"]);
    const settings = {
      LOG_ANALYTICS_WORKSPACES: JSON.stringify([{ name: "bench", id: WORKSPACE }]),
      STATE_TABLE_ENDPOINT: proxy.through(tables.connectionString),
      SERVICE_BUS_NAMESPACE: broker.connectionString,
      LOG_ANALYTICS_ENDPOINT: answers.endpoint,
      RUN_BUDGET_MINUTES: "60",
    };
    const part = async (stopAfter: number): Promise<Part> => {
      const [tablesBefore, queriesBefore, cpuBefore] = [toTables, await answers.asked(), cpuSeconds(tables.pid)];
      const measured = await serviceFor(script, settings, stopAfter);
      return {
        ...measured,
        toTables: toTables - tablesBefore,
        toQueries: (await answers.asked()) - queriesBefore,
        tablesCpu: cpuSeconds(tables.pid) - cpuBefore,
      };
    };
    return { count, first: await part(STOP_AFTER), steady: await part(0) };
  } finally {
    await answers.stop();
    await broker.stop();
    await proxy.close();
    await tables.stop();
  }
}

/** The service as it is deployed: from sources, Node's reader of TypeScript is resident beside it. */
async function bundleService() {
  const outdir = await mkdtemp(join(tmpdir(), "firstsight-bench-"));
  const entry = fileURLToPath(new URL("./scale-service.ts", import.meta.url));
  await build({ ...BUNDLING, entryPoints: [entry], outdir, outExtension: { ".js": ".mjs" } });
  return { script: join(outdir, "scale-service.mjs"), remove: () => rm(outdir, { recursive: true }) };
}

async function serviceFor(
  script: string,
  settings: Readonly<Record<string, string>>,
  stopAfter: number,
): Promise<ScaleMeasured> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [...INSTANCE_HEAP, script, String(stopAfter)],
    {
      env: { ...process.env, NODE_OPTIONS: "", ...settings },
      maxBuffer: 64 * MEBIBYTE,
    },
  );
  if (stderr !== "") process.stderr.write(stderr);
  return JSON.parse(stdout);
}

async function startAnswers(count: number, scale: number) {
  const script = fileURLToPath(new URL("./scale-answers.ts", import.meta.url));
  const limits = [MAX_ROWS, MAX_BYTES].map((limit) => String(Math.round(limit * scale)));
  const child = spawn(process.execPath, [script, String(count), ...limits], { stdio: ["pipe", "pipe", "inherit"] });
  const gone = new Promise<void>((ended) => child.once("close", () => ended()));
  const port = await new Promise<number>((ready, failed) => {
    createInterface(child.stdout).once("line", (line) => ready(Number(/"port":(\d+)/.exec(line)?.[1])));
    child.once("error", failed);
    child.once("close", (code) => failed(new Error(`the answering server ended before it listened (${code})`)));
  });
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    async asked(): Promise<number> {
      const { asked } = JSON.parse(await (await fetch(endpoint)).text());
      return asked;
    },
    async stop(): Promise<void> {
      child.stdin.end();
      await gone;
    },
  };
}

/** User and system time of a process, where the system has /proc: fields 14 and 15 of stat, in hundredths. */
function cpuSeconds(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return NaN;
  }
}
