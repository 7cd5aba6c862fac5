import type { Command } from "commander";
import { Option } from "commander";
import { generatePacks } from "../../scripts/generate-packs.ts";
import { recoverState } from "../operations/recover-state.ts";
import { problemLine } from "../catalog/file-problem.ts";
import { contextLogger } from "../logger.ts";
import { readConfig } from "./settings-file.ts";

interface AcceptOptions {
  readonly restore?: true;
  readonly announceAgain?: true;
  readonly settings: string;
  readonly json?: true;
}

/** `firstsight state`: decisions about the state that only an operator can take. */
export function addStateCommand(program: Command): void {
  const state = program.command("state").description("The state of the known devices.");
  state
    .command("accept")
    .description("Accept that the state was lost (run outcome failed, reason state-lost), and say how to go on.")
    .addOption(
      new Option(
        "--restore",
        "write everything that was read before as known, without messages: nothing is announced twice; queries the sources",
      ).conflicts("announceAgain"),
    )
    .addOption(
      new Option("--announce-again", "announce everything within the horizon again, under new message ids").conflicts(
        "restore",
      ),
    )
    .option("--settings <file>", "local settings file; settings in the environment win", "local.settings.json")
    .option("--json", "one JSON object on stdout")
    .action(acceptState);
}

async function acceptState(options: AcceptOptions, command: Command): Promise<void> {
  if (!options.restore && !options.announceAgain)
    command.error("error: say --restore or --announce-again", { exitCode: 2 });
  const config = await readConfig(options.settings, process.env);
  // Compose loads the packs, and a clone that was never built has none yet.
  const problems = await generatePacks();
  if (problems.length > 0) throw new Error(problems.map(problemLine).join("\n"));
  const { compose } = await import("../host/compose.ts");
  const { service } = compose(config, stderrLogger());
  const accepted = await recoverState(service, options.restore ? "restore" : "announce-again");
  if (options.json) console.log(JSON.stringify(accepted));
  else if (accepted.partitions.length === 0)
    console.log("Nothing was lost: every epoch that Coverage names is there. Nothing was done.");
  else if (options.restore)
    console.log(
      `Restored ${accepted.restored} sightings as known, in partitions ${accepted.partitions.join(", ")}. The next run goes on from there.`,
    );
  else
    console.log(
      `Partitions ${accepted.partitions.join(", ")} begin anew: the next run reads the whole horizon and announces all of it under new message ids.`,
    );
}

/** Log lines go to stderr: stdout is for the result. */
function stderrLogger() {
  const print = (line: string): void => console.error(line);
  return contextLogger({ trace: print, debug: print, info: print, warn: print, error: print }, "warn");
}
