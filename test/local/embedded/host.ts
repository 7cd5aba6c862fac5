import { fileURLToPath } from "node:url";
import type { RunRecord } from "../../../shared/core/run-record.ts";
import { SETTINGS } from "../../../shared/settings/settings.ts";
import type { LogEntry } from "../functions-host/log-entry.ts";
import { spawnFunctions } from "../functions-host/spawn.ts";

const DIST = fileURLToPath(new URL("../../../dist/", import.meta.url));

/** The deployed functions in a host of their own. */
export interface Functions {
  readonly pid: number;
  /** One run; what it logged as `run.completed`. A failed run is a record too. */
  detect(): Promise<RunRecord>;
  /** One pass; how many messages wait after it. */
  relay(): Promise<number>;
  retain(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts `dist/` as it is deployed. `onProblem` hears every warning and error that it logs. */
export async function startFunctions(
  settings: Readonly<Record<string, string>>,
  onProblem: (line: string) => void,
): Promise<Functions> {
  let completed: RunRecord | undefined;
  let depth = 0;
  const host = await spawnFunctions(DIST, {
    settings: { ...schedules(), ...settings },
    onOutput: (text) => onProblem(text.trimEnd()),
    onLog: (entry) => {
      const line = parse(entry);
      if (line?.["event"] === "run.completed") completed = toRecord(line);
      if (line?.["event"] === "relay.completed") depth = Number(line["depth"]);
      else if (entry.level === "warning" || entry.level === "error")
        if (line?.["event"] !== "run.completed") onProblem(entry.message);
    },
  });
  return {
    pid: host.pid,
    async detect() {
      completed = undefined;
      let failure: unknown;
      await host.invoke("detectSightings").catch((error: unknown) => (failure = error));
      if (!completed) throw failure instanceof Error ? failure : new Error("the run ended without a record");
      return completed;
    },
    async relay() {
      await host.invoke("relayOutbox");
      return depth;
    },
    retain: () => host.invoke("retainState"),
    stop: () => host.stop(),
  };
}

/** The host reads them itself. */
const schedules = (): Record<string, string> =>
  Object.fromEntries(
    SETTINGS.flatMap((setting) =>
      setting.name.endsWith("_SCHEDULE") && "default" in setting
        ? [[setting.name, process.env[setting.name] ?? setting.default]]
        : [],
    ),
  );

function parse({ message }: LogEntry): Record<string, unknown> | undefined {
  try {
    const line: unknown = JSON.parse(message);
    return typeof line === "object" && line !== null ? { ...line } : undefined;
  } catch {
    return undefined;
  }
}

/** Without what the logger adds. */
function toRecord({ level: _level, event: _event, message: _message, ...record }: Record<string, unknown>): RunRecord {
  // Written by our own run, whose record it is.
  return record as unknown as RunRecord;
}
