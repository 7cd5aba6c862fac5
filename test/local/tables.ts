import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { TableClient } from "@azure/data-tables";
import { endLeftOver } from "./left-over.ts";

/** Azurite's well-known development account; not a secret. */
const ACCOUNT = "devstoreaccount1";
const KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

const require = createRequire(import.meta.url);
const PID_FILE = "tables.pid";
const STOP_MS = 5_000;

/** A running table service. It ends with the process that started it, however that one ends. */
export interface Tables {
  readonly connectionString: string;
  /** `http://127.0.0.1:PORT/devstoreaccount1` */
  readonly endpoint: string;
  readonly port: number;
  readonly pid: number;
  client(name: string): TableClient;
  /** Makes the tables that are not there yet. */
  createTables(names: readonly string[]): Promise<void>;
  /** Ends the service; resolves when the process is gone. Every write that was answered is on disk. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

export interface TablesOptions {
  /** Where tables are kept. Each write is on disk before it is answered. Absent: in memory. */
  readonly directory?: string;
  /** Default: any free port. */
  readonly port?: number;
}

/**
 * Starts Azurite's table service. Over a directory, ends first what a killed owner may have left running there.
 * @throws {Error} when the service ends before it is ready, with what it said
 */
export async function startTables(options: TablesOptions = {}): Promise<Tables> {
  const directory = options.directory === undefined ? undefined : resolve(options.directory);
  if (directory !== undefined) {
    mkdirSync(directory, { recursive: true });
    await endLeftOver(join(directory, PID_FILE), directory);
  }
  const child = spawn(process.execPath, azuriteArguments(directory, options.port ?? 0), {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true, // a terminal's Ctrl-C is the parent's: it ends its children itself, in order
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  const gone = new Promise<void>((ended) => child.once("close", () => ended()));
  // Writing to a service that has just ended is no error of ours: `untilReady` says why it ended.
  child.stdin.on("error", () => undefined);
  try {
    if (directory !== undefined && child.pid !== undefined) writeFileSync(join(directory, PID_FILE), `${child.pid}\n`);
    child.stdin.write("\n");
    const port = await untilReady(child);
    return tablesAt(child, port, gone);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

function azuriteArguments(directory: string | undefined, port: number): string[] {
  const main = require.resolve("azurite/dist/src/table/main.js");
  const preload = fileURLToPath(new URL("./azurite-durable.cjs", import.meta.url));
  const persistence = directory === undefined ? ["--inMemoryPersistence"] : ["--location", directory];
  const quiet = ["--silent", "--disableTelemetry", "--skipApiVersionCheck"];
  return [
    "--require",
    preload,
    main,
    ...quiet,
    ...persistence,
    "--tableHost",
    "127.0.0.1",
    "--tablePort",
    String(port),
  ];
}

/** The port it listens on, as soon as it answers. */
function untilReady(child: ChildProcess): Promise<number> {
  return new Promise((ready, failed) => {
    if (child.stdout === null || child.stderr === null) throw new Error("the table service was started without pipes");
    let said = "";
    let port: number | undefined;
    createInterface(child.stdout).on("line", (line) => {
      said += `${line}\n`;
      port ??= Number(/^tables listen on (\d+)$/.exec(line)?.[1]) || undefined;
      if (port !== undefined && line.includes("successfully started")) ready(port);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4_000);
    });
    child.once("error", failed);
    child.once("close", (code, signal) =>
      failed(new Error(`the table service ended before it was ready (${signal ?? code}): ${said.trim()}`)),
    );
  });
}

function tablesAt(child: ChildProcess, port: number, gone: Promise<void>): Tables {
  if (child.pid === undefined) throw new Error("the table service has no process id");
  const endpoint = `http://127.0.0.1:${port}/${ACCOUNT}`;
  const connectionString = `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${KEY};TableEndpoint=${endpoint};`;
  const client = (name: string): TableClient =>
    TableClient.fromConnectionString(connectionString, name, { allowInsecureConnection: true });
  const kill = (): Promise<void> => {
    child.kill("SIGKILL");
    return gone;
  };
  return {
    connectionString,
    endpoint,
    port,
    pid: child.pid,
    client,
    async createTables(names) {
      for (const name of names) await client(name).createTable();
    },
    async stop() {
      child.stdin?.end();
      const impatient = setTimeout(() => void kill(), STOP_MS);
      await gone;
      clearTimeout(impatient);
    },
    kill,
  };
}
