import type { ActorCondition } from "../approval.ts";
import { clean } from "../clean.ts";
import type { Actor } from "../evidence.ts";

/**
 * Launchers that run any script or binary for whoever calls them, and the one parent that makes them an agent's own: else an
 * administrator's shell gets a genuine signature and path with it. AgentExecutor is documented as such.
 */
const LAUNCHERS: ReadonlyMap<string, string> = new Map([
  ["agentexecutor.exe", "microsoft.management.services.intunewindowsagent.exe"],
]);

/** How near the nearest alternative came: the reason that helps most is that of the last check. */
export interface Mismatch {
  readonly passed: number;
  readonly reason: string;
}

/** Why an actor is not the one that a condition describes; `undefined` where it is. */
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

/** Whole paths, folder by folder; `*` is any one folder, never the file. */
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

/** For reasons: what it is and where, as much as an analyst reads. */
export const nameOf = (actor: Actor): string => shown(actor.path || actor.fileName) || "an unknown process";

/** SIDs are what counts, names are what people know. */
const accountOf = ({ accountSid, accountName }: Actor): string => {
  const sid = shown(accountSid) || "an unknown account";
  return accountName === "" ? sid : `${shown(accountName)} (${sid})`;
};

export const shown = (text: string): string => clean(text, 200).text;

/** Whether a list has a text, whatever the case. Never the empty one: what a row does not say is nobody's. */
export const includesText = (texts: readonly string[], sought: string): boolean =>
  sought !== "" && setOf(texts).has(sought.toLowerCase());

/** An inventory of thousands is asked for every sighting: its set is made once. */
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
    return `is signed by ${shown(certificate.signer) || "nobody"}, not by ${signer}`;
  return microsoftRoot && !certificate.microsoftRoot ? "has a certificate whose root is not Microsoft's" : undefined;
}

function parentReason({ fileName, path, parentFileName }: Actor, { parents }: ActorCondition): string | undefined {
  const file = path.slice(path.lastIndexOf("\\") + 1) || fileName;
  const needed = LAUNCHERS.get(file.toLowerCase());
  if (needed !== undefined && parentFileName.toLowerCase() !== needed)
    return `runs anything for whoever calls it, and was started by ${shown(parentFileName) || "nobody known"}, not by ${needed}`;
  if (!parents || includesText(parents, parentFileName)) return undefined;
  return `was started by ${shown(parentFileName) || "nobody known"}, which is none of its parents`;
}
