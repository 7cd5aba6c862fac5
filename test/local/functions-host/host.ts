import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { registered, type FunctionMetadata } from "./functions-core.ts";
import { invoke } from "./invoke.ts";
import type { LogEntry } from "./log-entry.ts";
import { registerCore } from "./register-core.ts";

export interface HostedFunction {
  readonly name: string;
  /** `timerTrigger`, … */
  readonly type: string;
  /** NCRONTAB with its `%SETTING%` resolved; timers only. */
  readonly schedule?: string;
  /** As registered. */
  readonly retry?: Readonly<Record<string, unknown>>;
}

export interface FunctionsHost {
  /** By name. */
  readonly functions: readonly HostedFunction[];
  /** Resolves when the function has; rejects with what it threw. Several at once are allowed, as on a real host. */
  invoke(name: string, options?: { readonly isPastDue?: boolean }): Promise<void>;
  /** Runs the appTerminate hooks, then waits for what is still running. */
  stop(): Promise<void>;
}

export interface HostOptions {
  /** App settings: put into `process.env` before the app is loaded. */
  readonly settings: Readonly<Record<string, string>>;
  readonly onLog?: (entry: LogEntry) => void;
}

let loaded = false;

/**
 * Loads a package folder (package.json with `main`, a glob) as a Functions host does, with the `@azure/functions` that the package
 * brings itself. One host a process: what it registers and sets in `process.env` can't be taken back.
 * @throws {Error} when `main` matches nothing, a file fails to load, a schedule names a setting that is missing, or a start hook fails
 */
export async function loadFunctions(
  packageDir: string,
  { settings, onLog = () => undefined }: HostOptions,
): Promise<FunctionsHost> {
  if (loaded) throw new Error("this process has loaded its functions already: one host a process");
  loaded = true;
  registerCore();
  Object.assign(process.env, settings);
  registered.log = (level, message) => onLog({ level, message });
  for (const file of entryPoints(resolve(packageDir))) await load(file);
  await registered.model?.getCapabilities({});
  const hookData: Record<string, unknown> = {};
  for (const hook of registered.hooks.appStart) await hook({ hookData });

  const functions = [...registered.functions.values()].map(({ metadata }) => describe(metadata)).toSorted(byName);
  const running = new Set<Promise<void>>();
  return {
    functions,
    invoke(name, options) {
      const run = invoke(name, { isPastDue: options?.isPastDue ?? false, appHookData: hookData, onLog });
      running.add(run);
      const ended = (): void => void running.delete(run);
      run.then(ended, ended);
      return run;
    },
    async stop() {
      for (const hook of registered.hooks.appTerminate) await hook({ hookData });
      await Promise.allSettled(running);
    },
  };
}

function entryPoints(packageDir: string): string[] {
  const manifest: unknown = JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8"));
  const main = typeof manifest === "object" && manifest !== null && "main" in manifest ? manifest.main : undefined;
  if (typeof main !== "string")
    throw new Error(`${packageDir}: package.json has no "main": it names the files that register functions`);
  const files = globSync(main, { cwd: packageDir }).toSorted();
  if (files.length === 0) throw new Error(`${packageDir}: "main" (${main}) matches no file: build the package first`);
  return files.map((file) => join(packageDir, file));
}

async function load(file: string): Promise<void> {
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    throw new Error(`${file} failed to load: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function describe({ name, bindings, retryOptions }: FunctionMetadata): HostedFunction {
  const trigger = Object.values(bindings).find(({ type }) => type?.toLowerCase().endsWith("trigger"));
  if (trigger?.type === undefined) throw new Error(`function "${name}" has no trigger`);
  return {
    name,
    type: trigger.type,
    ...(trigger.schedule !== undefined && { schedule: withSettings(trigger.schedule, name) }),
    ...(retryOptions !== undefined && { retry: retryOptions }),
  };
}

/** The host, not the worker, fills in `%SETTING%`. */
function withSettings(text: string, functionName: string): string {
  return text.replaceAll(/%([^%]+)%/g, (_, setting: string) => {
    const value = process.env[setting];
    if (value === undefined)
      throw new Error(`function "${functionName}": its schedule names the setting ${setting}, which is missing`);
    return value;
  });
}

function byName(a: HostedFunction, b: HostedFunction): number {
  return a.name < b.name ? -1 : 1;
}
