import { pino } from "pino";
import { compose } from "../../shared/host/compose.ts";
import { parseConfig } from "../../shared/settings/config.ts";
import { run } from "../../shared/run/run.ts";

/** What a process of the service did and took. */
export interface ScaleMeasured {
  readonly runs: readonly {
    readonly rows: number;
    readonly new: number;
    readonly announced: number;
    readonly waves: number;
    readonly sent: number;
    readonly queries: number;
    readonly unitsLeft: number;
    readonly outcome: string;
    readonly durationMs: number;
  }[];
  /** Milliseconds of CPU, starting not counted. */
  readonly cpuMs: number;
  /** Largest resident memory, bytes. */
  readonly peak: number;
}

/**
 * `node scale-service.ts STOP_AFTER`, settings in the environment: runs until no unit is left, and prints what it took. The first run is told
 * to stop after so many answers, as a host that shuts down does; 0: never.
 */
const stopAfter = Number(process.argv[2] ?? 0);
const config = parseConfig(process.env);
const runs: ScaleMeasured["runs"][number][] = [];
const before = process.cpuUsage();
do {
  const stopping = new AbortController();
  let answers = 0;
  const log = pino(
    { level: "info" },
    {
      write(line: string) {
        if (line.includes('"query.completed"') && ++answers === stopAfter && runs.length === 0) stopping.abort();
        if (/"level":[456]0/.test(line)) process.stderr.write(process.env["BENCH_LOG"] ? line : "");
      },
    },
  );
  runs.push(await run(compose(config, log, { stopping: stopping.signal }).service));
} while ((runs.at(-1)?.unitsLeft ?? 0) > 0);
const { user, system } = process.cpuUsage(before);
const measured: ScaleMeasured = {
  runs,
  cpuMs: (user + system) / 1000,
  peak: process.resourceUsage().maxRSS * 1024,
};
console.log(JSON.stringify(measured));
// The query client keeps its connections.
process.exit(0);
