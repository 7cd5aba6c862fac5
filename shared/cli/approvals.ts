import type { Command } from "commander";
import { Option } from "commander";
import type { ApplyOptions } from "./approvals-apply.ts";
import { applyApprovals, checkApprovals } from "./approvals-apply.ts";
import { explainSighting, printExplanation } from "./approvals-explain.ts";
import { listApprovals, printApprovals } from "./approvals-list.ts";
import { newApproval, templateNames } from "./approvals-new.ts";
import { SIGHTING_HELP } from "./find-sighting.ts";
import { openState } from "./approval-state.ts";

const JSON_OPTION = ["--json", "one JSON object on stdout"] as const;
const PATHS = [
  "[path...]",
  "YAML files of approvals, or folders of them; default: shared/catalog/local/approvals",
] as const;
const settings = (): Option =>
  new Option("--settings <file>", "local settings file; settings in the environment win").default(
    "local.settings.json",
  );

interface OutputOptions {
  readonly settings: string;
  readonly json?: true;
}

interface NewFlags {
  readonly id: string;
  readonly owner: string;
  readonly ticket: string;
  readonly expires: string;
  readonly group?: readonly string[];
  readonly device?: readonly string[];
  readonly tool?: readonly string[];
  readonly source?: readonly string[];
  readonly account?: readonly string[];
  readonly validFrom?: string;
  readonly validTo?: string;
  readonly dir?: string;
}

/** `firstsight approvals`: manages which sightings are expected. */
export function addApprovalsCommand(program: Command): void {
  const approvals = program.command("approvals").description("Which tools are expected where, and until when.");
  approvals
    .command("apply")
    .argument(...PATHS)
    .description("apply the reviewed files as the current set, after showing what it covers and ends")
    .option("--dry-run", "show it only")
    .option("--empty", "apply the empty set: everything that is expected is announced")
    .addOption(settings())
    .option(...JSON_OPTION)
    .action(async (paths: readonly string[], options: ApplyOptions & OutputOptions) =>
      applyApprovals(paths, options, await openState(options.settings), new Date()),
    );
  approvals
    .command("check")
    .argument(...PATHS)
    .description("check files; needs no state")
    .option(...JSON_OPTION)
    .action(async (paths: readonly string[], options: { readonly json?: true }) => {
      if (!(await checkApprovals(paths, options, new Date()))) process.exitCode = 1;
    });
  approvals
    .command("list")
    .description("the approvals of the current set: active, expiring in 14 days, expired, never hit, what each covers")
    .addOption(settings())
    .option(...JSON_OPTION)
    .action(async (options: OutputOptions) => {
      const listed = await listApprovals(await openState(options.settings), new Date());
      if (options.json) console.log(JSON.stringify(listed));
      else printApprovals(listed);
    });
  approvals
    .command("explain")
    .argument("<sighting>", SIGHTING_HELP)
    .description("whether each approval covers a sighting, and why")
    .addOption(settings())
    .option(...JSON_OPTION)
    .action(async (name: string, options: OutputOptions) => {
      const explained = await explainSighting(name, await openState(options.settings), new Date());
      if (options.json) console.log(JSON.stringify(explained));
      else printExplanation(explained);
    });
  addNew(approvals);
}

function addNew(approvals: Command): void {
  approvals
    .command("new")
    .argument("<template>", templateNames().join(", "))
    .description("write an approval made from a template, for review")
    .requiredOption("--id <id>", "its name: lower-case letters and digits, joined by -")
    .requiredOption("--owner <owner>", "who answers for it")
    .requiredOption("--ticket <ticket>", "where it was decided")
    .requiredOption("--expires <date>", "a day within a year, on which it ends (UTC)")
    .option("--group <group...>", "Defender device groups")
    .option("--device <device...>", "device names or ids")
    .option("--tool <tool...>", "slugs of the tools that are brought")
    .option("--source <address...>", "a controller's addresses")
    .option("--account <sid...>", "SIDs of a controller's accounts")
    .option("--valid-from <time>", "beginning of a session, UTC")
    .option("--valid-to <time>", "end of a session, UTC")
    .option("--dir <dir>", "where the file goes; default: shared/catalog/local/approvals")
    .action(async (template: string, flags: NewFlags, command: Command) => {
      const { group = [], device = [], tool = [], source = [], account = [], ...rest } = flags;
      const filled = { ...rest, groups: group, devices: device, tools: tool, sources: source, accounts: account };
      const made = await newApproval(template, filled, new Date());
      if ("usage" in made) command.error(`error: ${made.usage}`, { exitCode: 2 });
      else console.log(`${made.file} written. Read it, have it reviewed, then: firstsight approvals apply`);
    });
}
