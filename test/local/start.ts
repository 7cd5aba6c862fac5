import { Command, InvalidArgumentError, Option } from "commander";
import { buildPackage } from "../../scripts/build.ts";
import { ConfigError } from "../../shared/errors.ts";
import { runEmbedded } from "./embedded/run-embedded.ts";
import { jsonPrinter, peoplePrinter } from "./embedded/print.ts";

interface Options {
  readonly devices?: number;
  readonly seed?: number;
  readonly state?: string;
  readonly once?: true;
  readonly watch?: true;
  readonly json?: true;
  readonly azure?: true;
  readonly dryRun?: true;
}

const whole = (least: number, most: number) => (text: string) => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new InvalidArgumentError(`It has to be a whole number from ${least} to ${most}.`);
  return value;
};

const program = new Command("npm start --")
  .description(
    "Runs the deployed functions against an embedded Azure and a simulated fleet: a first run, devices appear, a second run, a third with nothing new.",
  )
  .option("--devices <n>", "size of the fleet (default: 200, or what DIR holds)", whole(1, 1_000_000))
  .option("--seed <n>", "which fleet (default: 1, or what DIR holds)", whole(0, 2 ** 31))
  .option("--state <dir>", "keep tables, queue and fleet in DIR; may be killed at any moment and started again")
  .addOption(new Option("--once", "one run over the fleet as it stands").conflicts(["watch"]))
  .option("--watch", "stay, on the schedules of the settings; Ctrl-C ends it")
  .option("--json", "one JSON object a line on stdout, and nothing else")
  .addOption(
    new Option("--azure", "one run against the workspace of local.settings.json instead").conflicts([
      "devices",
      "seed",
      "state",
      "once",
      "watch",
    ]),
  )
  .addOption(new Option("--dry-run", "with --azure: query and decide, write and send nothing"))
  .exitOverride();

// Said by the write that fails; without a listener the process would end in its midst.
process.stdout.on("error", () => undefined);

try {
  program.parse();
  const options = program.opts<Options>();
  if (options.dryRun && !options.azure) program.error("error: --dry-run goes with --azure", { exitCode: 2 });
  const printer = options.json ? jsonPrinter() : peoplePrinter(process.stdout.isTTY);
  if (options.azure) {
    await buildPackage();
    // Not before the build: it loads the packs, and a clean clone has none yet.
    const { runInAzure } = await import("./embedded/run-in-azure.ts");
    process.exitCode = await runInAzure(printer, options.dryRun === true);
  } else process.exitCode = await runEmbedded(options, printer);
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  // Commander has said what is wrong, or shown its help.
  if (error instanceof Error && "exitCode" in error && "code" in error && String(error.code).startsWith("commander."))
    return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ConfigError) {
    for (const problem of error.problems) console.error(problem);
    return 2;
  }
  console.error(error instanceof Error ? error.message : error);
  return 1;
}
