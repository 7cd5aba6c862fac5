import { problemLine } from "../catalog/file-problem.ts";
import { ConfigError } from "../errors.ts";
import { counted } from "../operations/counted.ts";
import { readApprovals } from "./approvals-files.ts";
import { preview, previewLines } from "./approvals-preview.ts";
import type { ApprovalState } from "./approval-state.ts";

export interface ApplyOptions {
  readonly dryRun?: true;
  readonly empty?: true;
  readonly json?: true;
}

/**
 * Applies the approvals of these files as one set, after printing a preview of the effect.
 * @throws {Error} with every problem of the files, or when another set was applied meanwhile; nothing has changed then
 */
export async function applyApprovals(
  paths: readonly string[],
  options: ApplyOptions,
  state: ApprovalState,
  now: Date,
): Promise<void> {
  if (options.empty && paths.length > 0)
    throw new ConfigError(["--empty goes without files: it applies the empty set"]);
  const {
    approvals: files,
    problems,
    warnings,
  } = options.empty ? { approvals: [], problems: [], warnings: [] } : await readApprovals(paths, now);
  if (problems.length > 0) throw new Error(problems.map(problemLine).join("\n"));
  if (files.length === 0 && !options.empty)
    throw new ConfigError([
      "there is no approval in these files; `--empty` applies the empty set, and announces everything that is expected",
    ]);
  for (const warning of warnings) console.error(warning);
  const approvals = files.map(({ approval }) => approval);
  const stored = (await state.approvals.pointer()) ?? 0;
  const effect = await preview(approvals, state, now);
  if (!options.json) for (const line of previewLines(effect)) console.log(line);
  const applied = options.dryRun ? undefined : await state.approvals.apply(approvals, stored, effect.latestVersion);
  if (applied?.kind === "conflict")
    throw new Error(
      `somebody else applied approvals meanwhile: set ${applied.stored ?? "none"} is current now, not ${stored}. Nothing was changed; check that set (\`approvals list\`) and apply again`,
    );
  const version = applied?.version;
  if (options.json) {
    console.log(
      JSON.stringify({
        ...(version !== undefined && { version }),
        dryRun: options.dryRun === true,
        approvals: approvals.map(({ id }) => ({ id, covers: effect.byApproval.get(id) ?? 0 })),
        tools: effect.tools,
        warnings,
      }),
    );
    return;
  }
  const many = counted(approvals.length, "approval");
  console.log(
    version === undefined
      ? `${many} would be applied; nothing was changed.`
      : `${many} applied as set ${version}. The next run reviews the sightings concerned.`,
  );
}

/**
 * Checks files without the state. Returns whether they can be applied.
 * @throws {ConfigError} when the named paths hold no approval
 */
export async function checkApprovals(
  paths: readonly string[],
  { json }: { readonly json?: true },
  now: Date,
): Promise<boolean> {
  const { approvals, problems, warnings } = await readApprovals(paths, now);
  if (paths.length > 0 && approvals.length + problems.length === 0)
    throw new ConfigError([`${paths.join(", ")}: it holds no approval`]);
  if (json)
    console.log(JSON.stringify({ approvals: approvals.map(({ approval }) => approval.id), problems, warnings }));
  else {
    for (const problem of problems) console.error(problemLine(problem));
    for (const warning of warnings) console.error(warning);
    if (problems.length === 0) console.log(`${counted(approvals.length, "approval")}, no problems.`);
  }
  return problems.length === 0;
}
