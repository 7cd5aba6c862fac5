import type { Command } from "commander";
import { InvalidArgumentError, Option } from "commander";

import { startLogAnalytics } from "../local/log-analytics/server.ts";
import type { LogAnalyticsOptions, LogAnalyticsStandIn } from "../local/log-analytics/server.ts";
import type { Dialect } from "../kql/schema.ts";
import { DIALECTS } from "../kql/schema.ts";
import { dataDirectory } from "./data-directory.ts";
import { instant } from "./instant.ts";

interface LogAnalyticsCommand {
  readonly data: string;
  readonly port: number;
  readonly now?: Date;
  readonly dialect: Dialect;
  readonly workspace: string;
}

/** `firstsight local`: stand-ins for the services, on this machine. */
export function addLocalCommand(program: Command): void {
  const local = program.command("local").description("Stand-ins of the services, on this machine alone.");
  local
    .command("log-analytics")
    .description(
      "The query API of Log Analytics over rows in files, until Ctrl+C. DIR holds TABLE.ndjson, one JSON object a line; a changed file is read again at the next query. Any token is accepted.",
    )
    .requiredOption("--data <dir>", "folder of the rows")
    .requiredOption("--port <n>", "port on 127.0.0.1; 0 takes a free one", port)
    .option("--now <time>", "what now() is, such as 2026-03-01T12:00:00Z (default: the clock)", instant)
    .option("--workspace <id>", "id of the workspace", "00000000-0000-4000-8000-000000000001")
    .addOption(new Option("--dialect <dialect>", "whose tables and columns").choices(DIALECTS).default("log-analytics"))
    .action(serveLogAnalytics);
}

function port(text: string): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(number <= 65_535)) throw new InvalidArgumentError("Name a port from 0 to 65535.");
  return number;
}

async function serveLogAnalytics(options: LogAnalyticsCommand): Promise<void> {
  const { data, port: at, now, dialect, workspace } = options;
  const directory = dataDirectory(data, dialect);
  // Reads the files now: a problem in them ends the command at once, not at the first query.
  const tables = Object.entries(await directory.tables());
  const standIn = await started({
    port: at,
    dialect,
    now: () => now ?? new Date(),
    workspaces: { [workspace]: async () => ({ tables: await directory.tables() }) },
  });
  const url = `${standIn.endpoint}/v1/workspaces/${workspace}/query`;
  const [first] = tables.map(([name]) => name);
  console.log(
    [
      `Log Analytics at ${standIn.endpoint}, workspace ${workspace}`,
      ...tables.map(([name, { rows }]) => `  ${name}: ${rows.length} rows`),
      `curl -s ${url} -H 'Authorization: Bearer any' -H 'Content-Type: application/json' -d '{"query":"${first ?? "DeviceInfo"} | count"}'`,
    ].join("\n"),
  );
  await ended();
  await standIn.close();
}

async function started(options: LogAnalyticsOptions): Promise<LogAnalyticsStandIn> {
  try {
    return await startLogAnalytics(options);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EADDRINUSE")
      throw new Error(`port ${options.port} is in use; name another, or --port 0 for a free one`, { cause: error });
    if (code === "EACCES")
      throw new Error(`port ${options.port} may not be used by you; name one above 1023`, { cause: error });
    throw error;
  }
}

/** Resolves when the process is asked to end. */
const ended = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
