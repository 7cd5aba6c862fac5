import { z } from "zod";
import type { Actor, EvidencePiece } from "./evidence.ts";
import { evidencePath } from "./evidence-path.ts";
import type { TaskAction } from "./evidence-task.ts";
import { taskActions } from "./evidence-task.ts";
import type { SourceRecord } from "./source.ts";

/** The first or the last event of one actor. */
interface End {
  readonly at: Date;
  readonly fileName: string;
  readonly path: string;
  readonly sha1: string;
  readonly commandLine: string;
  readonly install: string;
}

/** The events of one kind and actor, as the query groups them. */
export interface Act {
  readonly kind: "arrival" | "run" | "client";
  readonly source: string;
  /** The process of an arrival; links it to its logons. */
  readonly instance: string;
  readonly first: End;
  readonly last: End;
  readonly actor: Omit<Actor, "commandLine">;
  readonly ownTool: boolean;
}

export interface Task {
  readonly at: Date;
  readonly name: string;
  readonly actions: readonly TaskAction[];
}

export interface Logon {
  readonly instance: string;
  readonly logon: NonNullable<EvidencePiece["logons"]>[number];
}

/** The items of one record, which is about one device (and detection), and the problems of the record. */
export interface RecordOf<Item> {
  /** Empty where the record is about a device only. */
  readonly detectionId: string;
  /** Lower-case; empty: the record has no DeviceId. */
  readonly deviceId: string;
  readonly items: readonly Item[];
  readonly problems: readonly string[];
}

/** Longer than any path: texts that approvals compare are never cut, so a longer text is a problem. */
const text = z.string().max(4096);
const time = z
  .string()
  .transform((value) => new Date(value))
  .refine((value) => value.getTime() > 0, "no time");

const end = z.object({ file: text, path: text, sha1: text, command: text, install: text });
const certificate = z.object({
  signers: z.array(text),
  trusted: z.boolean(),
  root: z.boolean(),
});

const act = z
  .object({
    kind: z.enum(["arrival", "run", "client"]),
    source: text,
    instance: text,
    firstAt: time,
    first: end,
    lastAt: time,
    last: end,
    name: text,
    path: text,
    sha1: text,
    parent: text,
    sid: text,
    account: text,
    type: text,
    status: text,
    certificate: certificate.nullish(),
    // The service answers a comparison with a null as null, or as false.
    own: z.boolean().nullish(),
  })
  .transform((raw): Act => ({
    kind: raw.kind,
    source: raw.source,
    instance: raw.instance,
    first: toEnd(raw.first, raw.firstAt),
    last: toEnd(raw.last, raw.lastAt),
    actor: {
      fileName: raw.name,
      path: evidencePath(raw.path, raw.name),
      sha1: raw.sha1.toLowerCase(),
      ...(raw.certificate && { certificate: toCertificate(raw.certificate) }),
      parentFileName: raw.parent,
      accountSid: raw.sid,
      accountName: raw.account,
      ...((raw.type !== "" || raw.status !== "") && { signature: { type: raw.type, status: raw.status } }),
    },
    ownTool: raw.own === true && raw.certificate?.trusted === true,
  }));

function toEnd(raw: z.infer<typeof end>, at: Date): End {
  const { file: fileName, command: commandLine, install } = raw;
  return { at, fileName, path: evidencePath(raw.path, fileName), sha1: raw.sha1.toLowerCase(), commandLine, install };
}

/** Several signers of one file become one joined text, which no approval matches: an approval names one signer. */
const toCertificate = ({ signers, trusted, root }: z.infer<typeof certificate>): NonNullable<Actor["certificate"]> => ({
  signer: signers.toSorted().join("; "),
  trusted,
  microsoftRoot: root,
});

const task = z.object({ at: time, name: text, actions: z.string() }).transform((raw, context): Task => {
  const actions = taskActions(raw.actions);
  if (actions === undefined) context.addIssue({ code: "custom", path: ["actions"], message: "neither JSON nor XML" });
  return { at: raw.at, name: raw.name, actions: actions ?? [] };
});

const logon = z
  .object({ at: time, instance: text, ip: text, sid: text })
  .transform(({ at, instance, ip, sid }): Logon => ({ instance, logon: { remoteIp: ip, accountSid: sid, at } }));

export const parseActs = (record: SourceRecord): RecordOf<Act> => parse(record, act);
export const parseTasks = (record: SourceRecord): RecordOf<Task> => parse(record, task);
export const parseLogons = (record: SourceRecord): RecordOf<Logon> => parse(record, logon);

/** Valid items are kept where others are not valid. Each kind of problem is reported once. */
function parse<Item>(record: SourceRecord, schema: z.ZodType<Item>): RecordOf<Item> {
  const problems = new Set<string>();
  const items: Item[] = [];
  const list = jsonList(record["Pieces"]);
  if (list === undefined) problems.add("Pieces is not a JSON array");
  for (const item of list ?? []) {
    const parsed = schema.safeParse(item);
    if (parsed.success) items.push(parsed.data);
    else for (const { path, message } of parsed.error.issues) problems.add(`${path.join(".")}: ${message}`);
  }
  const { Groups: groups } = record;
  if (typeof groups !== "number") problems.add("Groups is not a number");
  else if (list !== undefined && groups > list.length)
    problems.add(`${groups} of them, ${list.length} are in the answer`);
  const deviceId = textOf(record["DeviceId"]).toLowerCase();
  if (deviceId === "") problems.add("no DeviceId");
  return { detectionId: textOf(record["DetectionId"]).toLowerCase(), deviceId, items, problems: [...problems] };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function jsonList(value: unknown): readonly unknown[] | undefined {
  if (typeof value !== "string") return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
