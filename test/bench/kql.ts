import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import type { Figure } from "./figure.ts";
import type { Measured } from "./kql-process.ts";

const PROCESS = fileURLToPath(new URL("./kql-process.ts", import.meta.url));
const MEBIBYTE = 1024 * 1024;

/** The interpreter over many rows, each size in a process of its own so that its peak of memory is its own. */
export async function benchKql(scale: number): Promise<readonly Figure[]> {
  const [few, many] = [Math.round(100_000 * scale), Math.round(1_000_000 * scale)];
  const level = await measure("level", few);
  const tenfold = await measure("level", many);
  const join = await measure("join", few);
  const [fewRows, manyRows] = [few, many].map((rows) => rows.toLocaleString("en-US"));
  return [
    timeOf(`Level query, ${fewRows} rows, after load`, level, 0.5),
    {
      name: `Level query, ${manyRows} rows: times as long`,
      value: tenfold.milliseconds / level.milliseconds,
      unit: "",
      limit: { sign: "≤", value: 12 },
    },
    timeOf(`join, ${fewRows} × ${fewRows} rows on two keys`, join, 3),
    peakOf(`Level query, ${fewRows} rows: peak memory`, level),
    peakOf(`Level query, ${manyRows} rows: peak memory`, tenfold),
    peakOf(`join: peak memory`, join),
  ];
}

const timeOf = (name: string, { milliseconds }: Measured, seconds: number): Figure => ({
  name,
  value: milliseconds / 1000,
  unit: "s",
  limit: { sign: "≤", value: seconds },
});

const peakOf = (name: string, { peak }: Measured): Figure => ({
  name,
  value: Math.round(peak / MEBIBYTE),
  unit: "MiB",
});

async function measure(work: "level" | "join", rows: number): Promise<Measured> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROCESS, work, String(rows)]);
  return JSON.parse(stdout);
}
