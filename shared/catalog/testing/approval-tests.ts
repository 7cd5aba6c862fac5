import { z } from "zod";

import type { Approval } from "../../core/approval.ts";
import { approve } from "../../core/approve.ts";
import type { Actor, Evidence, EvidencePiece } from "../../core/evidence.ts";
import { approvalText, loadApprovals, loadTemplate } from "../approval-file.ts";
import type { SourceText } from "../source-text.ts";
import type { FileProblem } from "../file-problem.ts";
import { loadYaml, unknownFields } from "../yaml-file.ts";

/** The reference time of all cases: events happen on this day, and templates are filled in as of it. */
const NOW = new Date("2026-03-10T12:00:00Z");
const MINUTE = 60_000;
const SYSTEM = "S-1-5-18";

const text = (name: string): z.ZodString => z.string({ error: `${name} is a text` }).min(1, `${name} is empty`);
const list = (name: string) => z.array(text(name), { error: `${name} is a list` }).default([]);

const actorFields = {
  by: text("by"),
  signer: text("signer").optional(),
  trusted: z.boolean({ error: "trusted is true or false" }).default(true),
  microsoftRoot: z.boolean({ error: "microsoftRoot is true or false" }).default(false),
  sid: text("sid").default(SYSTEM),
  parent: text("parent").default("services.exe"),
};
const actor = z.strictObject(actorFields, {
  error: unknownFields(Object.keys(actorFields), "who did it: at least by, a whole path"),
});

const pieceFields = {
  ...actorFields,
  kind: z.enum(["arrival", "run"], { error: "kind is arrival or run" }).default("arrival"),
  file: text("file").default("c:\\program files\\tool\\tool.exe"),
  minutesAgo: z.number({ error: "minutesAgo is a number" }).min(0).default(60),
  client: actor.optional(),
  ownTool: z.literal(true, { error: "ownTool is true, or left out" }).optional(),
  logons: z
    .array(z.strictObject({ from: text("from"), sid: text("sid") }), { error: "logons is a list of from and sid" })
    .optional(),
};
const piece = z.strictObject(pieceFields, {
  error: unknownFields(Object.keys(pieceFields), "a piece of evidence: at least by, the whole path of who did it"),
});

const caseFields = {
  name: text("name"),
  covered: z.boolean({ error: "covered is true or false: what the approval has to say" }),
  tool: text("tool").optional(),
  group: text("group").optional(),
  pieces: z.array(piece, { error: "pieces is a list of evidence; [] for none" }),
};

const filledFields = {
  tools: list("tools"),
  groups: list("groups"),
  devices: list("devices"),
  sources: list("sources"),
  accounts: list("accounts"),
  validFrom: text("validFrom").optional(),
  validTo: text("validTo").optional(),
};

const testSchema = z.strictObject(
  {
    filled: z.strictObject(filledFields, {
      error: unknownFields(Object.keys(filledFields), "filled holds what the template requires"),
    }),
    cases: z.array(
      z.strictObject(caseFields, {
        error: unknownFields(Object.keys(caseFields), "a case has name, covered and pieces"),
      }),
      { error: "cases is a list" },
    ),
  },
  { error: unknownFields(["filled", "cases"], "tests of an approval are filled: and cases:") },
);

export interface ApprovalReport {
  readonly file: string;
  readonly cases: number;
  /** Unreadable files, missing cases, and each case with an unexpected verdict. */
  readonly problems: readonly FileProblem[];
}

/** Runs a template's cases. `test`: its test file, if there is one. */
export function testApproval(
  template: SourceText,
  test: SourceText | undefined,
  tools: readonly string[],
): ApprovalReport {
  const { file } = template;
  const failed = (problems: readonly FileProblem[]): ApprovalReport => ({ file, cases: 0, problems });
  if (!test)
    return failed([
      { file, line: 1, column: 1, message: "no test shows what it covers: write its .test.yaml beside it" },
    ]);
  const loaded = loadYaml(test.text, test.file, testSchema);
  if ("problems" in loaded) return failed(loaded.problems);
  const { data, problem } = loaded;
  for (const covered of [true, false])
    if (!data.cases.some((one) => one.covered === covered))
      return failed([
        problem(["cases"], `no case is ${covered ? "covered" : "a look-alike that is not covered"}; add one`),
      ]);
  const approval = filledIn(template, data.filled, tools);
  if ("problems" in approval) return failed(approval.problems);
  const problems = data.cases.flatMap((one, i) => {
    const verdict = approve(
      {
        tool: one.tool ?? approval.tools[0] ?? "",
        deviceId: "a".repeat(40),
        deviceName: data.filled.devices[0] ?? "ws-1",
        deviceGroup: one.group ?? data.filled.groups[0] ?? "",
        firstSeen: minutesAgo(60),
        counterfeit: false,
      },
      evidenceOf(one.pieces),
      [approval],
      NOW,
    );
    if (verdict.covered === one.covered) return [];
    const why = verdict.covered ? verdict.reason : verdict.reasons.map(({ reason }) => reason).join("; ");
    return [problem(["cases", i, "name"], `${one.name}: ${verdict.covered ? "covered" : "not covered"} (${why})`)];
  });
  return { file, cases: data.cases.length, problems };
}

function filledIn(
  source: SourceText,
  filled: z.infer<typeof testSchema>["filled"],
  tools: readonly string[],
): Approval | { readonly problems: readonly FileProblem[] } {
  const template = loadTemplate(source);
  if ("problems" in template) return template;
  const { validFrom, validTo, ...rest } = filled;
  const filledText = approvalText(template, {
    id: template.id,
    owner: "tests",
    ticket: "TEST-1",
    expires: "2026-09-30",
    ...rest,
    ...(validFrom !== undefined && { validFrom }),
    ...(validTo !== undefined && { validTo }),
  });
  const { approvals, problems } = loadApprovals([{ file: source.file, text: filledText }], { now: NOW, tools });
  return approvals[0]?.approval ?? { problems };
}

const minutesAgo = (minutes: number): Date => new Date(NOW.getTime() - minutes * MINUTE);

const evidenceOf = (pieces: readonly z.infer<typeof piece>[]): Evidence => ({
  pieces: pieces.map((entry): EvidencePiece => ({
    kind: entry.kind,
    at: minutesAgo(entry.minutesAgo),
    source: entry.kind === "arrival" ? "DeviceFileEvents/FileCreated" : "DeviceProcessEvents/ProcessCreated",
    fileName: nameOf(entry.file),
    path: entry.file.toLowerCase(),
    sha1: "",
    actor: actorOf(entry),
    ...(entry.client && { client: actorOf(entry.client) }),
    ...(entry.ownTool && { ownTool: true }),
    ...(entry.logons && {
      logons: entry.logons.map(({ from, sid }) => ({
        remoteIp: from,
        accountSid: sid,
        at: minutesAgo(entry.minutesAgo + 1),
      })),
    }),
  })),
  missing: [],
});

const actorOf = (entry: z.infer<typeof actor>): Actor => ({
  fileName: nameOf(entry.by),
  path: entry.by.toLowerCase(),
  sha1: entry.by.toLowerCase(),
  ...(entry.signer !== undefined && {
    certificate: { signer: entry.signer, trusted: entry.trusted, microsoftRoot: entry.microsoftRoot },
  }),
  commandLine: "",
  parentFileName: entry.parent,
  accountSid: entry.sid,
  accountName: "",
});

const nameOf = (path: string): string => path.slice(path.lastIndexOf("\\") + 1);
