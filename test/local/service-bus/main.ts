import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { endLeftOver } from "../left-over.ts";
import { startBroker } from "./broker.ts";

/**
 * The broker as a process of its own. Prints `{"event":"ready","port":…,"pid":…}` when it listens; ends on SIGTERM, and with
 * `--stdin-lifeline` when its standard input closes, as it does when the parent dies. Over a directory it first ends a broker
 * that was left running there.
 */
const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    directory: { type: "string" },
    queue: { type: "string", multiple: true, default: ["sightings"] },
    "lock-seconds": { type: "string", default: "300" },
    "no-duplicate-detection": { type: "boolean", default: false },
    "stdin-lifeline": { type: "boolean", default: false },
  },
});

if (values.directory !== undefined) {
  mkdirSync(values.directory, { recursive: true });
  const pidFile = join(values.directory, "broker.pid");
  await endLeftOver(pidFile, values.directory);
  writeFileSync(pidFile, `${process.pid}\n`);
}
const broker = await startBroker({
  queues: values.queue,
  port: Number(values.port),
  lockDurationMs: Number(values["lock-seconds"]) * 1_000,
  ...(values.directory === undefined ? {} : { directory: values.directory }),
  ...(values["no-duplicate-detection"] ? { duplicateDetection: false as const } : {}),
});

const end = async (): Promise<void> => {
  await broker.close();
  process.exit(0);
};
process.once("SIGTERM", () => void end());
process.once("SIGINT", () => void end());
if (values["stdin-lifeline"]) process.stdin.once("close", () => void end()).resume();

console.log(JSON.stringify({ event: "ready", port: broker.port, pid: process.pid }));
