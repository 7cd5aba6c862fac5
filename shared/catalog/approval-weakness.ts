import type { ActorCondition, ActorConditions, Approval } from "../core/approval.ts";
import { parseSource } from "../core/approve/logon.ts";

const HOUR = 3_600_000;

/** Most hours of a session, which is one piece of work with a ticket. */
const MAX_SESSION = 72;

/** Shortest prefixes of a controller's address range: a few hosts, not a site. */
const MIN_PREFIX = { ipv4: 24, ipv6: 64 } as const;

/** Folders that only administrators can write to. */
const PROTECTED = /^[a-z]:\\(?:program files|program files \(x86\)|windows)\\/;
/** Folders below Windows that everybody can write to. */
const OPEN = /^[a-z]:\\windows\\(?:temp|tasks|tracing|\*)\\/;

/** Processes that run whatever anybody gives them: a genuine signature and path prove nothing about the payload. */
const HOSTS = new Set(
  (
    "bash bitsadmin certutil cmd cmstp conhost cscript csc curl dllhost explorer forfiles hh installutil javaw java msbuild " +
    "mshta msiexec node perl powershell powershell_ise pwsh python pythonw regasm regsvcs regsvr32 robocopy rundll32 schtasks " +
    "services sh svchost tar taskeng taskhostw wget winrshost wmic wmiprvse wscript wsmprovhost xcopy"
  ).split(" "),
);

export interface Weakness {
  readonly path: readonly PropertyKey[];
  /** What is too weak, and how to fix it. */
  readonly message: string;
}

/**
 * The conditions of an approval that prove too little.
 *
 * The rule: a signer **with** whole paths **and** the account's SID or Microsoft's root identify who brings or starts a tool.
 * For a controller, the addresses and the account of its logon do. A session (hours, on listed devices, with a ticket) replaces
 * account and root. Names of files, companies or tasks, a signer alone or a parent alone are never enough.
 */
export function weaknesses(approval: Omit<Approval, "id">, now: Date): readonly Weakness[] {
  const { arrival, run, session } = approval;
  return [
    ...scope(approval, now),
    ...(arrival
      ? actors("arrival", arrival, { logon: arrival.logon !== undefined, session: session !== undefined })
      : []),
    ...(arrival?.logon ? logon(arrival.logon) : []),
    ...(run ? actors("run", run, { logon: false, session: session !== undefined }) : []),
  ];
}

function scope({ arrival, preexisting, made, session, devices }: Omit<Approval, "id">, now: Date): Weakness[] {
  const found: Weakness[] = [];
  const report = (path: readonly PropertyKey[], message: string): void => void found.push({ path, message });
  if (!arrival && !preexisting)
    report([], "does not say how the tool gets there: add arrival, or preexisting for listed devices");
  if (devices.groups?.some((group) => /^unassigned/i.test(group)))
    report(["devices", "groups"], "UnassignedGroup holds every new device: name a group that somebody assigns");
  if (preexisting && !devices.names)
    report(["preexisting"], "preexisting covers listed devices only: list them in devices.names");
  if (preexisting && !made)
    report(
      ["preexisting"],
      "preexisting needs made: the time when the devices were listed, after a first run has shown them",
    );
  if (made && !preexisting) report(["made"], "made belongs to preexisting: take it out, or add preexisting: true");
  if (made && made > now) report(["made"], "made is in the future: it is the time when the devices were listed");
  if (!session) return found;
  const hours = (session.validTo.getTime() - session.validFrom.getTime()) / HOUR;
  if (hours <= 0) report(["session", "validTo"], "validTo has to lie after validFrom");
  if (hours > MAX_SESSION) report(["session", "validTo"], `a session lasts at most ${MAX_SESSION} hours`);
  if (devices.groups || !devices.names)
    report(["devices"], "a session is held on listed devices: write names, and no groups");
  if (preexisting) report(["preexisting"], "preexisting and session exclude each other: write an approval for each");
  return found;
}

function actors(
  name: "arrival" | "run",
  conditions: ActorConditions,
  others: { readonly logon: boolean; readonly session: boolean },
): Weakness[] {
  return [
    ...actor([name], conditions, others),
    ...(conditions.or ?? []).flatMap((condition, i) => actor([name, "or", i], condition, { ...others, logon: false })),
  ];
}

function actor(
  at: readonly PropertyKey[],
  { signer, microsoftRoot, paths, accountSids, parents }: ActorCondition,
  { logon: hasLogon, session }: { readonly logon: boolean; readonly session: boolean },
): Weakness[] {
  const message = (): string | undefined => {
    if (hasLogon)
      return accountSids && !(signer && paths)
        ? "an account other than the logon's own may be anybody's process: add signer and paths, or take accountSids out"
        : undefined;
    const fix = "write signer and paths, with accountSids or microsoftRoot";
    if (!signer && !paths) return parents ? `a parent's name alone proves nothing: ${fix}` : `does not say who: ${fix}`;
    if (!paths) return `a signer alone proves nothing, its files can be run from anywhere by anybody: ${fix}`;
    if (!signer) return `a path alone proves nothing, whatever is put there passes: ${fix}`;
    if (!accountSids && !microsoftRoot && !session)
      return `signer and paths do not say whose process it is: add accountSids, or microsoftRoot`;
    return undefined;
  };
  const weak = message();
  const badPaths = (paths ?? []).flatMap((path, i): Weakness[] => {
    const bad = weakPath(path, { host: hasLogon || session, anywhere: session, run: at[0] === "run" });
    return bad === undefined ? [] : [{ path: [...at, "paths", i], message: bad }];
  });
  return [...(weak === undefined ? [] : [{ path: at, message: weak }]), ...badPaths];
}

function weakPath(
  path: string,
  allowed: { readonly host: boolean; readonly anywhere: boolean; readonly run: boolean },
): string | undefined {
  const file = path.slice(path.lastIndexOf("\\") + 1).replace(/\.exe$/, "");
  const opensByHand = allowed.run && file === "explorer";
  if (HOSTS.has(file) && !allowed.host && !opensByHand)
    return `${file}.exe runs whatever anybody gives it: name the process that starts it, or a controller's logon`;
  if (!allowed.anywhere && (!PROTECTED.test(path) || OPEN.test(path)))
    return `users can write to ${path}: only paths in Program Files and Windows count, or a session`;
  return undefined;
}

function logon({ sources, accountSids }: NonNullable<NonNullable<Approval["arrival"]>["logon"]>): Weakness[] {
  return [
    ...sources.flatMap((source, i): Weakness[] => {
      const message = weakSource(source);
      return message === undefined ? [] : [{ path: ["arrival", "logon", "sources", i], message }];
    }),
    ...accountSids.flatMap((sid, i): Weakness[] =>
      /^S-1-(?:5-21|12-1)-/.test(sid)
        ? []
        : [
            {
              path: ["arrival", "logon", "accountSids", i],
              message: `${sid} is no account of a controller: write the SID of its service account, S-1-5-21-…`,
            },
          ],
    ),
  ];
}

function weakSource(source: string): string | undefined {
  const parsed = parseSource(source);
  if (!parsed) return `${source} is no address and no range such as 10.1.2.0/28`;
  if (parsed.prefix < MIN_PREFIX[parsed.family])
    return `${source} is a site and no controller: at least /${MIN_PREFIX[parsed.family]}, better the controller's own address`;
  return /^(?:127\.|::1$|0\.|::$|169\.254\.|fe80:)/i.test(parsed.address)
    ? `${source} is no address that a controller logs on from`
    : undefined;
}
