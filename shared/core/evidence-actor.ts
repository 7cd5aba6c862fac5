import type { Actor, EvidencePiece } from "./evidence.ts";

/**
 * Whether an actor is the Windows Installer, whose service writes files for its clients. Recognised by its path, where only an
 * administrator can put another file. A file of that name elsewhere is an ordinary actor.
 */
export const isInstaller = ({ path }: Pick<Actor, "path">): boolean =>
  /^[a-z]:\\windows\\(?:system32|syswow64)\\msiexec\.exe$/.test(path);

/**
 * Whether an actor is the service control manager, which starts every service. Files of Windows often have no certificate row. Where
 * there is one and it is not a trusted one of Microsoft's root, another file has replaced it.
 */
export const isServiceControl = ({ path, certificate }: Pick<Actor, "path" | "certificate">): boolean =>
  /^[a-z]:\\windows\\system32\\services\.exe$/.test(path) &&
  (certificate === undefined || (certificate.trusted && certificate.microsoftRoot));

/**
 * Whether run evidence counts neither for nor against an approval: services.exe starts every service, and the tool's own trusted
 * updater starts the tool.
 */
export const isNeutral = ({ kind, actor, ownTool }: EvidencePiece): boolean =>
  kind === "run" && (ownTool === true || isServiceControl(actor));

/** The actor that brought the file: the client, where the installer's service wrote it. `undefined`: no client was found. */
export const originOf = ({ actor, client }: EvidencePiece): Actor | undefined => (isInstaller(actor) ? client : actor);
