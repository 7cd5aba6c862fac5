import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../local/service-bus/main.ts", import.meta.url));

export interface BrokerProcess {
  readonly connectionString: string;
  stop(): Promise<void>;
}

/**
 * The broker in a process of its own, as the real one is: its work must not count as the sender's. It keeps its journal, synced
 * before each accept: a broker that forgets is no measure for one that must not. Ends with this process.
 * @throws {Error} when it ends before it listens
 */
export async function startBrokerProcess(): Promise<BrokerProcess> {
  const directory = await mkdtemp(join(tmpdir(), "firstsight-bench-"));
  const child = spawn(process.execPath, [MAIN, "--directory", directory, "--stdin-lifeline"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const gone = new Promise<void>((ended) => child.once("close", () => ended()));
  const port = await new Promise<number>((ready, failed) => {
    createInterface(child.stdout).once("line", (line) => ready(Number(/"port":(\d+)/.exec(line)?.[1])));
    child.once("error", failed);
    child.once("close", (code) => failed(new Error(`the broker ended before it listened (${code})`)));
  });
  return {
    connectionString: `Endpoint=sb://localhost:${port};SharedAccessKeyName=local;SharedAccessKey=local;UseDevelopmentEmulator=true;`,
    async stop() {
      child.stdin.end();
      await gone;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
