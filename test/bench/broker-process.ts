import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../local/service-bus/main.ts", import.meta.url));

export interface BrokerProcess {
  readonly connectionString: string;
  stop(): Promise<void>;
}

/**
 * The broker in a process of its own, as the real one is: its work must not count as the sender's. Ends with this process.
 * @throws {Error} when it ends before it listens
 */
export async function startBrokerProcess(): Promise<BrokerProcess> {
  const child = spawn(process.execPath, [MAIN, "--stdin-lifeline"], { stdio: ["pipe", "pipe", "inherit"] });
  const gone = new Promise<void>((ended) => child.once("close", () => ended()));
  const port = await new Promise<number>((ready, failed) => {
    createInterface(child.stdout).once("line", (line) => ready(Number(/"port":(\d+)/.exec(line)?.[1])));
    child.once("error", failed);
    child.once("close", (code) => failed(new Error(`the broker ended before it listened (${code})`)));
  });
  return {
    connectionString: `Endpoint=sb://localhost:${port};SharedAccessKeyName=local;SharedAccessKey=local;UseDevelopmentEmulator=true;`,
    stop() {
      child.stdin.end();
      return gone;
    },
  };
}
