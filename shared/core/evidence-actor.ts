import type { Actor, EvidencePiece } from "./evidence.ts";

/**
 * Windows' own installer, whose service writes files for whoever asked it: by its path, where nobody but an administrator puts
 * another file. One of that name elsewhere is an actor like any other.
 */
export const isInstaller = ({ path }: Pick<Actor, "path">): boolean =>
  /^[a-z]:\\windows\\(?:system32|syswow64)\\msiexec\.exe$/.test(path);

/**
 * The service control manager: it starts every service, whoever registered it. A file of Windows often has no certificate row; one
 * that says otherwise is another file in its place.
 */
export const isServiceControl = ({ path, certificate }: Pick<Actor, "path" | "certificate">): boolean =>
  /^[a-z]:\\windows\\system32\\services\.exe$/.test(path) &&
  (certificate === undefined || (certificate.trusted && certificate.microsoftRoot));

/**
 * Run evidence that neither approves nor disproves: services.exe starts every service, and an updater whose own file is the
 * tool's, trusted, starts the tool.
 */
export const isNeutral = ({ kind, actor, ownTool }: EvidencePiece): boolean =>
  kind === "run" && (ownTool === true || isServiceControl(actor));

/** Who brought the file: the client, where the installer's service wrote it; `undefined` where nobody knows. */
export const originOf = ({ actor, client }: EvidencePiece): Actor | undefined => (isInstaller(actor) ? client : actor);
