import type { Act } from "./act.ts";
import { certificateRow, type CertificateRow } from "./certificate-row.ts";
import type { Device } from "./device.ts";
import type { EventRow } from "./event-row.ts";
import { fileCreated, loggedOn, processCreated, taskCreated } from "./event-row.ts";
import { processHash, type Process } from "./process.ts";
import { random, type Random } from "./random.ts";
import { SERVERS, type Brought, type Story } from "./story.ts";
import { toolFile } from "./tool.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A tool on a device, and what is to come of it. */
export interface Holding {
  readonly deviceId: string;
  /** As the catalogue names it. */
  readonly tool: string;
  /** How it got there. */
  readonly story: string;
  /** Id of the approval that covers it; absent: it is announced. */
  readonly approval?: string;
}

export interface Announce {
  readonly rows: readonly CertificateRow[];
  readonly events: readonly EventRow[];
  readonly holdings: readonly Holding[];
}

/** The device as the story has it: in a group that approvals name, under one name, which tells what it is. */
export const storyDevice = (device: Device, { group }: Story): Device => ({
  ...device,
  names: device.names
    .slice(-1)
    .map((name) => (group === SERVERS ? name.replace(/-(?:ws|lt)-/, "-srv-") : name.replace("-srv-", "-ws-"))),
  group,
});

/** What Defender reported of a story that is over by `now`, and of which all is ingested by then: within the last four days, or late. */
export function tellStory(seed: number, device: Device, story: Story, now: number): Announce {
  const chance = random(seed, "story", device.id);
  if (!story.late) {
    const began = now - chance.between(2 * 60, 4 * 24 * 60) * MINUTE;
    return tell(device, story, { began, ingestedAt: (at) => at + chance.between(1, 15) * MINUTE }, chance);
  }
  const ingested = now - chance.between(10, 6 * 60) * MINUTE;
  return tell(
    device,
    story,
    { began: now - 9 * DAY - chance.between(0, 24) * HOUR, ingestedAt: () => ingested },
    chance,
  );
}

/** The same of a device that appears at `now`: within the last hour. */
export const tellFreshStory = (seed: number, device: Device, story: Story, now: number): Announce =>
  tell(device, story, { began: now - 50 * MINUTE, ingestedAt: () => now }, random(seed, "fresh story", device.id));

interface Times {
  readonly began: number;
  /** Of an event time. */
  readonly ingestedAt: (at: number) => number;
}

function tell(device: Device, { name, brought }: Story, times: Times, chance: Random): Announce {
  const parts = brought.map((one) => ({
    rows: certificates(device, one, times, chance),
    events: one.acts.map((act) => eventOf(device, act, times, chance)),
  }));
  return {
    rows: parts.flatMap(({ rows }) => rows),
    events: parts.flatMap(({ events }) => events),
    holdings: brought.map(({ tool, approval }) => ({
      deviceId: device.id,
      tool: tool.slug,
      story: name,
      ...(approval !== undefined && { approval }),
    })),
  };
}

function eventOf(device: Device, act: Act, { began, ingestedAt }: Times, chance: Random): EventRow {
  const at = began + act.minute * MINUTE;
  const moment = { device, at, ingested: ingestedAt(at), began: began - MINUTE };
  switch (act.kind) {
    case "file":
      return fileCreated(moment, act.file, act.by, chance);
    case "process":
      return processCreated(moment, act.file, act.command, act.by, chance);
    case "task":
      return taskCreated(moment, act.task, act.by, chance);
    case "logon":
      return loggedOn(moment, act, chance);
    default:
      throw new TypeError(`no act: ${JSON.stringify(act satisfies never)}`);
  }
}

/** Of the tool's files, and of whoever had to do with them. */
function certificates(
  device: Device,
  { tool, acts, trusted }: Brought,
  times: Times,
  chance: Random,
): CertificateRow[] {
  const actors = new Map(acts.flatMap((act) => ("by" in act ? [[processHash(act.by), act.by]] : [])));
  const written = acts.flatMap((act) => (act.kind === "file" ? [act.file.sha1] : []));
  const files = new Set(written.length > 0 ? written : [toolFile(tool, tool.app).sha1]);
  const seen = (signer: string, file: string, isTrusted: boolean): CertificateRow => {
    const at = times.began + chance.between(1, 10) * MINUTE;
    return certificateRow({ device, signer, file, trusted: isTrusted, at, ingested: times.ingestedAt(at) }, chance);
  };
  return [
    ...[...files].map((file) => seen(tool.signer, file, trusted ?? true)),
    ...[...actors]
      .filter((entry): entry is [string, Process & { readonly signer: string }] => isSigned(entry[1]))
      .filter(([hash]) => !files.has(hash))
      .map(([hash, { signer }]) => seen(signer, hash, true)),
  ];
}

const isSigned = (process: Process): process is Process & { readonly signer: string } => process.signer !== undefined;
