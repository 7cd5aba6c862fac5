import { stringify } from "yaml";

import type { Approval } from "../core/approval.ts";
import { EXPIRING_DAYS } from "../core/approve.ts";
import type { ApprovalContext } from "./approval-schema.ts";
import { approvalSchema } from "./approval-schema.ts";
import type { Template } from "./approval-template.ts";
import { isTemplate, templateSchema } from "./approval-template.ts";
import { weaknesses } from "./approval-weakness.ts";
import type { SourceText } from "./source-text.ts";
import type { FileProblem } from "./file-problem.ts";
import { loadYaml } from "./yaml-file.ts";

/** An approval that can be applied, and the file that holds it. */
interface ApprovalFile {
  readonly file: string;
  readonly approval: Approval;
}

export interface LoadedApprovals {
  readonly approvals: readonly ApprovalFile[];
  /** Nothing may be applied while there is one. */
  readonly problems: readonly FileProblem[];
}

const DAY = 86_400_000;

/** Conditions whose value is chosen by whoever drops a file. The schema has no such field; `withReason` explains why. */
const SPOOFABLE = /^unknown field ((?:file|company|product|task)(?:Names?|Paths?)|commandLines?)\b/;

/** The approvals of these files, one a file, and every problem of every file. */
export function loadApprovals(sources: readonly SourceText[], context: ApprovalContext): LoadedApprovals {
  const problems: FileProblem[] = [];
  const approvals: ApprovalFile[] = [];
  const schema = approvalSchema(context);
  for (const { file, text } of sources) {
    if (isTemplate(text)) {
      problems.push(
        start(
          file,
          "is a template, which names no owner and no devices: make an approval of it with `firstsight approvals new`",
        ),
      );
      continue;
    }
    const loaded = loadYaml(text, file, schema);
    if ("problems" in loaded) {
      problems.push(...loaded.problems.map(withReason));
      continue;
    }
    const { data: approval, problem } = loaded;
    const same = approvals.find((one) => one.approval.id === approval.id);
    const found = [
      ...(same ? [problem(["id"], `id ${approval.id} is that of ${same.file} already: give one of them another`)] : []),
      ...weaknesses(approval, context.now).map(({ path, message }) => problem(path, message)),
    ];
    if (found.length > 0) problems.push(...found);
    else approvals.push({ file, approval });
  }
  return { approvals, problems };
}

/** A shipped template, or its problems. */
export function loadTemplate({ file, text }: SourceText): Template | { readonly problems: readonly FileProblem[] } {
  const loaded = loadYaml(text, file, templateSchema);
  return "problems" in loaded ? { problems: loaded.problems.map(withReason) } : loaded.data;
}

/** A warning for people about an approval that has expired or expires soon: then its sightings are announced. */
export function expiryWarning({ expires }: Approval, now: Date): string | undefined {
  const day = expires.toISOString().slice(0, 10);
  if (expires <= now) return `expired on ${day}: it covers nothing any more; renew it or take it out`;
  const days = Math.ceil((expires.getTime() - now.getTime()) / DAY);
  return days <= EXPIRING_DAYS
    ? `expires on ${day}, in ${days} day${days === 1 ? "" : "s"}: what it covers is announced then, unless it is renewed`
    : undefined;
}

/** The values that a person gives for a template. Times are texts, as they go into the file. */
export interface TemplateInput {
  readonly id: string;
  readonly owner: string;
  readonly ticket: string;
  readonly expires: string;
  readonly tools: readonly string[];
  readonly groups: readonly string[];
  readonly devices: readonly string[];
  /** A controller's addresses and accounts. */
  readonly sources: readonly string[];
  readonly accounts: readonly string[];
  readonly validFrom?: string;
  readonly validTo?: string;
}

/** The YAML of an approval made from a template, with the template's dangers as comments. `loadApprovals` checks it. */
export function approvalText(template: Template, input: TemplateInput): string {
  const tools = input.tools.length > 0 ? input.tools : (template.tools ?? []);
  const logon = input.sources.length + input.accounts.length > 0 && {
    logon: { ...listed("sources", input.sources), ...listed("accountSids", input.accounts) },
  };
  const arrival = (template.arrival || logon) && { arrival: { ...template.arrival, ...logon } };
  const session = input.validFrom !== undefined &&
    input.validTo !== undefined && { session: { validFrom: input.validFrom, validTo: input.validTo } };
  const approval = {
    id: input.id,
    reason: template.reason,
    owner: input.owner,
    ticket: input.ticket,
    expires: input.expires,
    ...listed("tools", tools),
    devices: { ...listed("names", input.devices), ...listed("groups", input.groups) },
    ...arrival,
    ...(template.run && { run: template.run }),
    ...session,
  };
  const head = [
    `Made of the template ${template.id}. Its dangers:`,
    ...template.dangers.map((danger) => `- ${danger}`),
  ];
  return `${head.map((line) => `# ${line}\n`).join("")}${stringify(approval, { lineWidth: 120 })}`;
}

/** No field for an empty list, so that the schema reports it as missing. */
const listed = (name: string, values: readonly string[]): Readonly<Record<string, readonly string[]>> =>
  values.length > 0 ? { [name]: values } : {};

const start = (file: string, message: string): FileProblem => ({ file, line: 1, column: 1, message });

function withReason(problem: FileProblem): FileProblem {
  const name = SPOOFABLE.exec(problem.message)?.[1];
  return name === undefined
    ? problem
    : {
        ...problem,
        message: `${name} proves nothing, whoever drops a file chooses it: write signer and paths, with accountSids or microsoftRoot`,
      };
}
