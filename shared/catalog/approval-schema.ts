import { z } from "zod";

import type { Approval } from "../core/approval.ts";
import { nearest } from "../kql/nearest.ts";
import { unknownFields } from "./yaml-file.ts";

const DAY = 86_400_000;

/** Milliseconds: an approval has to be renewed within a year, leap day included. */
const MAX_LIFE = 366 * DAY;

/** Devices that an approval may list; for more, name a device group. */
const MAX_DEVICES = 20_000;

/** Everything that the checks need besides the file. */
export interface ApprovalContext {
  readonly now: Date;
  /** Slugs of all known tools. */
  readonly tools: readonly string[];
}

const text = (name: string, most = 500): z.ZodString =>
  z
    .string({
      error: ({ input }) => (input === undefined ? `${name} is missing` : `${name} is a text; put it in quotes`),
    })
    .trim()
    .min(1, `${name} is empty`)
    .max(most, `${name} has at most ${most} characters`);

const listOf = <T>(item: z.ZodType<T>, name: string, most = 64): z.ZodType<readonly T[]> =>
  z
    .array(item, { error: `${name} is a list` })
    .min(1, `${name} is empty: fill it in, or leave it out`)
    .max(most, `${name} has at most ${most} entries`)
    .readonly();

export const slugField = (name: string): z.ZodString =>
  text(name, 100).regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, `${name} is lower-case letters and digits, joined by -`);

const TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z)?$/;

function time(name: string, missing = `${name} is missing`): z.ZodType<Date> {
  const wanted = `${name} is a date such as 2026-09-30, or a time such as 2026-09-30T16:00:00Z, in UTC`;
  return z.string({ error: ({ input }) => (input === undefined ? missing : wanted) }).transform((given, context) => {
    const parsed = new Date(TIME.test(given) ? given : NaN);
    // Date would read 30 February as a day of March.
    if (!Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(given.slice(0, 10))) return parsed;
    context.addIssue({ code: "custom", message: wanted });
    return z.NEVER;
  });
}

const sid = text("a SID", 200)
  .toUpperCase()
  .regex(/^S-1-\d+(?:-\d+)+$/, "an account is named by its SID, such as S-1-5-18: names can be had by other accounts");

/** A path with drive, folders and file name; `*` may stand for a whole folder name, never for the file name. */
const path = text("a path")
  .toLowerCase()
  .regex(
    /^[a-z]:\\(?:(?:\*|[^\\/:*?"<>|]+)\\)*[^\\/:*?"<>|]+$/,
    "a path is whole: drive, folders and file, such as c:\\windows\\ccm\\ccmexec.exe; * stands for one whole folder, and never for the file",
  );

const strict = <Fields extends z.ZodRawShape>(name: string, fields: Fields) =>
  z.strictObject(fields, {
    error: unknownFields(Object.keys(fields), `${name} has ${Object.keys(fields).join(", ")}`),
  });

const actorFields = {
  signer: text("signer", 200).exactOptional(),
  microsoftRoot: z.literal(true, { error: "microsoftRoot is true, or left out" }).exactOptional(),
  paths: listOf(path, "paths").exactOptional(),
  accountSids: listOf(sid, "accountSids").exactOptional(),
  parents: listOf(
    text("a parent")
      .toLowerCase()
      .regex(/^[^\\/:*?"<>|]+$/, "a parent is a file name, such as ccmexec.exe"),
    "parents",
  ).exactOptional(),
};

const actorsFields = {
  ...actorFields,
  or: listOf(strict("an entry of or", actorFields), "or").exactOptional(),
};

const logonFields = {
  sources: listOf(text("a source"), "sources"),
  accountSids: listOf(sid, "accountSids"),
};

const arrivalFields = {
  ...actorsFields,
  logon: strict("logon", logonFields).exactOptional(),
  taskAction: text("taskAction", 1000).exactOptional(),
};

const devicesFields = {
  names: listOf(text("a device", 256).toLowerCase(), "names", MAX_DEVICES).exactOptional(),
  groups: listOf(text("a group", 256), "groups", 256).exactOptional(),
};

const sessionFields = { validFrom: time("validFrom"), validTo: time("validTo") };

/** Who brings the tool and who starts it: fields that templates share. */
export const howFields = {
  arrival: strict("arrival", arrivalFields).exactOptional(),
  run: strict("run", actorsFields).exactOptional(),
};

/** Schema of a file with one approval. `weaknesses` judges whether its conditions are strong enough. */
export function approvalSchema({ now, tools }: ApprovalContext): z.ZodType<Approval> {
  const tool = slugField("a tool").refine((slug) => tools.includes(slug), {
    error: ({ input }) => {
      const near = nearest(String(input), tools);
      return `there is no tool ${String(input)}; ${near === undefined ? "`npx firstsight catalog list` names them" : `did you mean ${near}?`}`;
    },
  });
  const fields = {
    id: slugField("id"),
    reason: text("reason", 2000),
    owner: text("owner"),
    ticket: text("ticket"),
    expires: time("expires", "expires is missing: every approval ends; write a date within a year").refine(
      (expires) => expires.getTime() <= now.getTime() + MAX_LIFE,
      `expires lies over a year away: write a date until ${new Date(now.getTime() + MAX_LIFE).toISOString().slice(0, 10)}, and look at it again then`,
    ),
    tools: listOf(tool, "tools"),
    devices: z
      .strictObject(devicesFields, {
        error: ({ code, input }) =>
          code === "unrecognized_keys"
            ? Object.keys(devicesFields).join(", ")
            : `devices ${input === undefined ? "is missing: it has" : "has"} names, or groups, each a list`,
      })
      .refine((given) => given.names !== undefined || given.groups !== undefined, {
        error: "devices is empty: write names, or groups, each a list",
      }),
    ...howFields,
    session: strict("session", sessionFields).exactOptional(),
    preexisting: z.literal(true, { error: "preexisting is true, or left out" }).exactOptional(),
    made: time("made").exactOptional(),
  };
  return z.strictObject(fields, {
    error: unknownFields(
      Object.keys(fields),
      "an approval has at least id, reason, owner, ticket, expires, tools, devices, and arrival or preexisting",
    ),
  });
}
