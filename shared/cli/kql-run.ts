import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { Command } from "commander";
import { Option } from "commander";

import type { FileProblem } from "../catalog/file-problem.ts";
import type { QueryResult } from "../kql/interpret.ts";
import { execute } from "../kql/interpret.ts";
import { KqlRuntimeError, KqlSemanticError, UnsupportedKqlError } from "../kql/kql-error.ts";
import type { Position } from "../kql/position.ts";
import type { Dialect } from "../kql/schema.ts";
import { DIALECTS } from "../kql/schema.ts";
import { dataDirectory } from "./data-directory.ts";
import { instant } from "./instant.ts";
import { printableProblem } from "./printable.ts";
import type { QueryFile } from "./query-file.ts";
import { readQueryFile } from "./query-file.ts";
import type { Format } from "./result-format.ts";
import { FORMATS, formatted } from "./result-format.ts";

interface RunOptions {
  readonly data: string;
  readonly now?: Date;
  readonly format: Format;
  readonly dialect: Dialect;
}

/** `firstsight kql run`: runs a query over rows in files. Exit 0; 1 when the query or the rows are wrong; 2 usage. */
export function addRunCommand(kql: Command): void {
  kql
    .command("run")
    .description(
      "Run a query over rows in files: a .kql as it is, a detection's .yaml with its own window. DIR holds TABLE.ndjson, one JSON object a line; a row may carry its ingestion time as $ingested.",
    )
    .argument("<file>", "a .kql, or a detection's .yaml")
    .requiredOption("--data <dir>", "folder of the rows")
    .option("--now <time>", "what now() is, such as 2026-03-01T12:00:00Z (default: the clock)", instant)
    .addOption(new Option("--format <format>", "of the result").choices(FORMATS).default("table"))
    .addOption(new Option("--dialect <dialect>", "whose tables and columns").choices(DIALECTS).default("log-analytics"))
    .action(runQuery);
}

async function runQuery(file: string, { data, now, format, dialect }: RunOptions): Promise<void> {
  const query = await readQueryFile(file);
  if ("problems" in query) return report(query.problems);
  const tables = await dataDirectory(data, dialect).tables();
  const outcome = run(() => execute(query.text, { tables, dialect, now: now ?? new Date() }), query, file);
  if ("problems" in outcome) return report(outcome.problems);
  await print(formatted(outcome, format));
}

function report(problems: readonly FileProblem[]): void {
  for (const problem of problems) console.error(printableProblem(problem));
  process.exitCode = 1;
}

/** Prints the query's problems with their positions in the file. */
function run(
  work: () => QueryResult,
  { locate }: QueryFile,
  file: string,
): QueryResult | { readonly problems: readonly FileProblem[] } {
  try {
    return work();
  } catch (error) {
    if (error instanceof KqlSemanticError)
      return {
        problems: error.problems.map(({ line, column, code, message }) => ({
          file,
          ...locate({ line, column }),
          message: `${code} ${message}`,
        })),
      };
    if (error instanceof UnsupportedKqlError)
      return {
        problems: [
          {
            file,
            ...locate(error),
            message: `unsupported: ${error.construct}; docs/kql-support.md lists what can run here`,
          },
        ],
      };
    if (error instanceof KqlRuntimeError)
      return { problems: [{ file, ...locate(placeOf(error)), message: error.message.replace(OWN_PLACE, "") }] };
    throw error;
  }
}

/** The position of a run-time error refers to the text with its prelude: translates it into the file's. */
const OWN_PLACE = /:? at \d+:\d+$/;

const placeOf = ({ line = 1, column = 1 }: KqlRuntimeError): Position => ({ line, column });

/** Ends quietly when the reader closes the pipe (`| head`). */
async function print(pieces: Iterable<string>): Promise<void> {
  try {
    await pipeline(Readable.from(pieces), process.stdout, { end: false });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPIPE")) throw error;
  }
}
