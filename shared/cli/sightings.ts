import type { Command } from "commander";
import { clean } from "../core/clean.ts";
import type { EvidencePiece } from "../core/evidence.ts";
import type { StoredSighting } from "../core/review.ts";
import { partitionsOf } from "../core/slice.ts";
import { ConfigError } from "../errors.ts";
import { nearest } from "../kql/nearest.ts";
import { toolSlugs } from "./approvals-files.ts";
import { counted } from "../operations/counted.ts";
import { isoTime } from "./iso-time.ts";
import { findSighting, isDevice, shownDevice, SIGHTING_HELP } from "./find-sighting.ts";
import type { ApprovalState } from "./approval-state.ts";
import { openState } from "./approval-state.ts";

interface SightingFilter {
  readonly device?: string;
  readonly tool?: string;
  /** Only sightings last seen since then. */
  readonly since?: Date;
}

interface OutputOptions {
  readonly settings: string;
  readonly json?: true;
}

const SETTINGS = [
  "--settings <file>",
  "local settings file; settings in the environment win",
  "local.settings.json",
] as const;

/** `firstsight sightings`: shows the sightings in the state. */
export function addSightingsCommand(program: Command): void {
  const sightings = program.command("sightings").description("The sightings that the state knows.");
  sightings
    .command("list")
    .description("known sightings: where, since when, announced or expected")
    .option("--device <device>", "of one device, by name or id")
    .option("--tool <slug>", "of one tool")
    .option("--since <time>", "seen since then, ISO 8601", isoTime)
    .option(...SETTINGS)
    .option("--json", "one JSON object a line on stdout, without the evidence")
    .action(async (options: SightingFilter & OutputOptions) => {
      let count = 0;
      for await (const { sighting, tool } of sightingsOf(options, await openState(options.settings))) {
        count += 1;
        console.log(options.json ? JSON.stringify({ ...sighting, tool, evidence: undefined }) : line(sighting, tool));
      }
      if (count === 0 && options.tool !== undefined) await assertTool(options.tool);
      if (!options.json) console.log(`${counted(count, "sighting")}.`);
    });
  sightings
    .command("show")
    .argument("<sighting>", SIGHTING_HELP)
    .description("one sighting with its evidence")
    .option(...SETTINGS)
    .option("--json", "one JSON object on stdout")
    .action(async (name: string, options: OutputOptions) => {
      const { sighting, tool } = await findSighting(name, await openState(options.settings));
      if (options.json) console.log(JSON.stringify({ ...sighting, tool }));
      else for (const one of detailLines(sighting, tool)) console.log(one);
    });
}

/** The sightings that match a filter, read a partition at a time. */
export async function* sightingsOf(
  { device, tool, since }: SightingFilter,
  { stored, toolOf }: Pick<ApprovalState, "stored" | "toolOf">,
): AsyncGenerator<{ readonly sighting: StoredSighting; readonly tool: string }> {
  for (const partition of partitionsOf("all"))
    for await (const sighting of stored(partition)) {
      const slug = toolOf(sighting.detectionId);
      if (tool !== undefined && slug !== tool) continue;
      if (device !== undefined && !isDevice(sighting, device)) continue;
      if (since !== undefined && sighting.lastSeen < since) continue;
      yield { sighting, tool: slug };
    }
}

/** Refuses a slug that neither state nor catalogue has. The state may hold a tool that the catalogue has lost. */
async function assertTool(slug: string): Promise<void> {
  const slugs = await toolSlugs();
  if (slugs.includes(slug)) return;
  const near = nearest(slug, slugs);
  throw new ConfigError([
    `there is no tool ${slug}${near === undefined ? "; `firstsight catalog list` names them" : `; did you mean ${near}?`}`,
  ]);
}

function line(sighting: StoredSighting, tool: string): string {
  const approvedBy = sighting.approvalId === undefined ? "" : ` by ${sighting.approvalId}`;
  return `${minute(sighting.firstSeen)}  ${minute(sighting.lastSeen)}  ${(tool || sighting.detectionId).padEnd(20)}  ${shownDevice(sighting)}  ${sighting.disposition}${approvedBy}`;
}

export function detailLines(sighting: StoredSighting, tool: string): readonly string[] {
  const { pieces, missing } = sighting.evidence;
  return [
    `${tool || sighting.detectionId} on ${shownDevice(sighting)}`,
    `  key          ${sighting.detectionId}|${clean(sighting.deviceId, 600).text}`,
    `  source       ${sighting.source}`,
    `  group        ${clean(sighting.deviceGroup, 200).text || "none"}`,
    `  seen         ${minute(sighting.firstSeen)} to ${minute(sighting.lastSeen)}, episode ${sighting.episode}`,
    `  disposition  ${sighting.disposition}${sighting.approvalId === undefined ? "" : ` by ${sighting.approvalId}`}, announced ${sighting.announcement} times`,
    `  decided      ${minute(sighting.decidedAt)}, by approvals of set ${sighting.approvalsVersion ?? "none"}`,
    ...(sighting.counterfeit ? ["  counterfeit  its certificate is not trusted"] : []),
    pieces.length === 0 ? "  no evidence of how it got there or who started it" : "Evidence:",
    ...pieces.map(pieceLine),
    ...missing.map((reason) => `  not looked at: ${clean(reason, 300).text}`),
  ];
}

function pieceLine({ kind, at, path, fileName, actor, client }: EvidencePiece): string {
  const file = clean(path || fileName, 200).text;
  const actors = [actor, client].flatMap((one) =>
    one
      ? [
          `${clean(one.path || one.fileName, 200).text || "an unknown process"} as ${clean(one.accountName || one.accountSid, 64).text}`,
        ]
      : [],
  );
  return `  ${minute(at)}  ${kind.padEnd(7)}  ${file}  by ${actors.join(", for ")}`;
}

const minute = (time: Date): string => `${time.toISOString().slice(0, 16)}Z`;
