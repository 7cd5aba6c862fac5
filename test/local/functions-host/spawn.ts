import { fork } from "node:child_process";
import type { FunctionsHost, HostOptions } from "./host.ts";
import { isFromHost, type Thrown, type ToHost } from "./protocol.ts";

/** A functions host in a process of its own. */
export interface FunctionsProcess extends FunctionsHost {
  readonly pid: number;
  /** Resolves when the process is gone: its exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** SIGKILL; resolves when the process is gone. What was running rejects. */
  kill(): Promise<void>;
}

export interface SpawnOptions extends HostOptions {
  /** Extra arguments to node, before the script: `["--import", FILE]`, … */
  readonly nodeArguments?: readonly string[];
  /** What the app writes to stdout or stderr itself. Default: it goes to this process's stderr. */
  readonly onOutput?: (text: string) => void;
}

/**
 * Loads a package folder in a child process, which ends with this one however this one ends.
 * @throws {Error} what `loadFunctions` throws, or that the process ended before it was ready
 */
export async function spawnFunctions(packageDir: string, options: SpawnOptions): Promise<FunctionsProcess> {
  const { settings, onLog, nodeArguments = [], onOutput = (text: string) => void process.stderr.write(text) } = options;
  const child = fork(new URL("./main.ts", import.meta.url), [packageDir], {
    execArgv: [...nodeArguments],
    detached: true, // a terminal's Ctrl-C is the parent's: it ends its children itself, in order
    silent: true,
  });
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", onOutput);
  const waiting = new Map<number, { resolve(): void; reject(error: Error): void }>();
  const exited = new Promise<number | NodeJS.Signals>((ended) => {
    child.once("close", (code, signal) => ended(signal ?? code ?? 0));
  });
  const send = (message: ToHost): void => void child.send(message, () => undefined); // a lost message is a lost process: `exited` tells

  const functions = await new Promise<FunctionsHost["functions"]>((ready, failed) => {
    child.on("message", (message) => {
      if (!isFromHost(message)) return;
      switch (message.type) {
        case "ready":
          return ready(message.functions);
        case "unloadable":
          return failed(revive(message.error));
        case "log":
          return onLog?.(message.entry);
        case "done":
          waiting.get(message.id)?.resolve();
          return void waiting.delete(message.id);
        case "failed":
          waiting.get(message.id)?.reject(revive(message.error));
          return void waiting.delete(message.id);
        case "stopped":
          return undefined;
      }
    });
    child.once("error", failed);
    child.once("close", (code, signal) => {
      const error = new Error(`the functions host has ended (${signal ?? code})`);
      failed(error);
      for (const invocation of waiting.values()) invocation.reject(error);
      waiting.clear();
    });
    send({ type: "load", settings });
  });

  let invocations = 0;
  return {
    pid: child.pid ?? 0,
    functions,
    exited,
    invoke(name, { isPastDue = false } = {}) {
      invocations += 1;
      const id = invocations;
      return new Promise((resolve, reject) => {
        if (child.exitCode !== null || child.signalCode !== null)
          return reject(new Error("the functions host has ended"));
        waiting.set(id, { resolve, reject });
        send({ type: "invoke", id, name, isPastDue });
      });
    },
    async stop() {
      send({ type: "stop" });
      await exited;
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

function revive({ name, message, stack }: Thrown): Error {
  return Object.assign(new Error(message), { name, ...(stack !== undefined && { stack }) });
}
