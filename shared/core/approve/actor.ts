import type { ActorCondition } from "../approval.ts";
import { clean } from "../clean.ts";
import type { Actor } from "../evidence.ts";

/**
 * Launchers that run any script or binary for any caller, each with the one parent that shows that the agent itself started it.
 * Without this check an administrator's shell could use the launcher's genuine signature and path. AgentExecutor is documented as
 * such a launcher.
 */
const LAUNCHERS: ReadonlyMap<string, string> = new Map([
  ["agentexecutor.exe", "microsoft.management.services.intunewindowsagent.exe"],
]);

/** Why a condition does not match, and how many of its checks passed before. The reason of the nearest alternative helps most. */
export interface Mismatch {
  readonly passed: number;
  readonly reason: string;
}

/** Why an actor does not match a condition; `undefined` where it matches. */
export function mismatch(actor: Actor, condition: ActorCondition): Mismatch | undefined {
  const checks = [
    pathReason(actor, condition),
    signerReason(actor, condition),
    condition.accountSids && !includesText(condition.accountSids, actor.accountSid)
      ? `ran as ${accountOf(actor)}, which is none of its accounts`
      : undefined,
    parentReason(actor, condition),
  ];
  const failed = checks.findIndex((reason) => reason !== undefined);
  return failed < 0 ? undefined : { passed: failed, reason: `${nameOf(actor)} ${checks[failed] ?? ""}` };
}

/** Compares whole paths, folder by folder. `*` matches any one folder, never the file. */
function pathMatches(pattern: string, path: string): boolean {
  const wanted = pattern.toLowerCase().split("\\");
  const folders = path.toLowerCase().split("\\");
  if (wanted.length !== folders.length) return false;
  return wanted.every((part, i) => {
    const folder = folders[i] ?? "";
    if (part !== "*" || i === wanted.length - 1) return part === folder;
    return folder !== "" && folder !== "." && folder !== "..";
  });
}

/** The actor's path, or its file name, for reasons. */
export const nameOf = (actor: Actor): string => printable(actor.path || actor.fileName) || "an unknown process";

/** The account for reasons: approvals compare SIDs, people know names. */
const accountOf = ({ accountSid, accountName }: Actor): string => {
  const sid = printable(accountSid) || "an unknown account";
  return accountName === "" ? sid : `${printable(accountName)} (${sid})`;
};

/** An untrusted text for reasons: at most 200 characters, without control characters. */
export const printable = (text: string): string => clean(text, 200).text;

/** Whether a list contains a text, ignoring case. An empty text is never contained: it means that the row has no value. */
export const includesText = (texts: readonly string[], sought: string): boolean =>
  sought !== "" && setOf(texts).has(sought.toLowerCase());

/** A set for each list, made once: a list of thousands of devices is searched for every sighting. */
const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

function setOf(texts: readonly string[]): ReadonlySet<string> {
  const known = sets.get(texts);
  if (known) return known;
  const made = new Set(texts.map((text) => text.toLowerCase()));
  sets.set(texts, made);
  return made;
}

function pathReason(actor: Actor, { paths }: ActorCondition): string | undefined {
  if (!paths || paths.some((pattern) => pathMatches(pattern, actor.path))) return undefined;
  return "is none of its paths";
}

function signerReason({ certificate }: Actor, { signer, microsoftRoot }: ActorCondition): string | undefined {
  if (signer === undefined && !microsoftRoot) return undefined;
  if (!certificate) return "has no certificate that was seen";
  if (!certificate.trusted) return "has a certificate that is not trusted";
  if (signer !== undefined && certificate.signer !== signer)
    return `is signed by ${printable(certificate.signer) || "nobody"}, not by ${signer}`;
  return microsoftRoot && !certificate.microsoftRoot ? "has a certificate whose root is not Microsoft's" : undefined;
}

function parentReason({ fileName, path, parentFileName }: Actor, { parents }: ActorCondition): string | undefined {
  const file = path.slice(path.lastIndexOf("\\") + 1) || fileName;
  const needed = LAUNCHERS.get(file.toLowerCase());
  if (needed !== undefined && parentFileName.toLowerCase() !== needed)
    return `runs anything for whoever calls it, and was started by ${printable(parentFileName) || "nobody known"}, not by ${needed}`;
  if (!parents || includesText(parents, parentFileName)) return undefined;
  return `was started by ${printable(parentFileName) || "nobody known"}, which is none of its parents`;
}
