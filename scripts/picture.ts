/**
 * Draws the picture of the README from what `npm start` really did: it runs the embedded service once and writes one SVG for each theme. The
 * same seed gives the same picture: it holds counts, and no time.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { TYPES } from "../shared/core/event.ts";
import { drawRuns, THEMES } from "./draw-runs.ts";
import type { DrawnRun, DrawnRuns } from "./draw-runs.ts";
import { writeAtomically } from "./write-atomically.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DEVICES = 200;
const SEED = 1;

const count = z.int().min(0);
const line = z.discriminatedUnion("event", [
  z.object({
    event: z.literal("run"),
    n: count,
    outcome: z.string(),
    rows: count,
    new: count,
    returned: count,
    expected: count,
    announced: count,
    sent: count,
  }),
  z.object({ event: z.literal("message"), type: z.string(), deviceIds: z.array(z.string()) }),
  z.object({ event: z.literal("expected") }),
  z.object({ event: z.literal("summary"), messages: count, distinctIds: count }),
]);
type Line = z.infer<typeof line>;
type RunLine = Extract<Line, { event: "run" }>;
type MessageLine = Extract<Line, { event: "message" }>;

/**
 * What is drawn of the JSON lines of `npm start -- --json`.
 * @throws {Error} when a run was not ok, or when its counts don't add up: a picture of that would mislead
 */
export function readRuns(output: string, devices: number): DrawnRuns {
  const runs: { readonly run: RunLine; readonly messages: MessageLine[] }[] = [];
  let summary: Extract<Line, { event: "summary" }> | undefined;
  for (const text of output.split("\n").filter((one) => one !== "")) {
    const read = line.parse(JSON.parse(text));
    if (read.event === "run") runs.push({ run: read, messages: [] });
    else if (read.event === "message") runs.at(-1)?.messages.push(read);
    else if (read.event === "summary") summary = read;
  }
  if (!summary) throw new Error("the output has no summary: npm start did not come to its end");
  const { messages, distinctIds } = summary;
  return { devices, runs: runs.map(({ run, messages: own }) => drawnRun(run, own)), messages, distinctIds };
}

function drawnRun(run: RunLine, messages: readonly MessageLine[]): DrawnRun {
  const lists = messages.filter(({ type }) => type === TYPES.members);
  const drawn = {
    n: run.n,
    rows: run.rows,
    known: run.rows - run.new - run.returned,
    expected: run.expected,
    single: messages.filter(({ type }) => type === TYPES.new || type === TYPES.returned).length,
    inWaves: lists.reduce((sum, { deviceIds }) => sum + deviceIds.length, 0),
    waves: messages.filter(({ type }) => type === TYPES.wave).length,
    lists: lists.length,
  };
  const { known, expected, single, inWaves } = drawn;
  if (run.outcome !== "ok") throw new Error(`run ${run.n} was ${run.outcome}`);
  if (known + expected + single + inWaves !== run.rows || single + inWaves !== run.announced)
    throw new Error(`the counts of run ${run.n} don't add up: ${JSON.stringify(drawn)}`);
  if (messages.length !== run.sent) throw new Error(`run ${run.n} sent ${run.sent} messages, not ${messages.length}`);
  return drawn;
}

if (import.meta.main) {
  const args = ["test/local/start.ts", "--json", "--devices", String(DEVICES), "--seed", String(SEED)];
  const output = execFileSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
  const runs = readRuns(output, DEVICES);
  for (const theme of THEMES)
    writeAtomically(`${ROOT}docs/images/first-run-${theme}.svg`, Buffer.from(drawRuns(runs, theme)));
}
