/** Who started a process, or whose process wrote a file. Texts are the device's: untrusted, of any length. */
export interface Actor {
  readonly fileName: string;
  /** Folder and file name, lower-case, backslashes; empty where the row has none. */
  readonly path: string;
  readonly sha1: string;
  /** Of the file's certificate, joined on its SHA1; absent: no certificate row was found. */
  readonly certificate?: { readonly signer: string; readonly trusted: boolean; readonly microsoftRoot: boolean };
  readonly commandLine: string;
  readonly parentFileName: string;
  readonly accountSid: string;
  /** For people; approvals compare SIDs. */
  readonly accountName: string;
  /** What the process event itself says of the file's signature (`OsVendor`, `Valid`), for people; absent where it says nothing. */
  readonly signature?: { readonly type: string; readonly status: string };
}

/**
 * An event around a candidate. `arrival`: who created or installed the file. `run`: who started it. `client`, of an arrival that
 * the Windows Installer's service wrote: who asked for the installation, looked for within 30 minutes.
 */
export interface EvidencePiece {
  readonly kind: "arrival" | "run";
  readonly at: Date;
  /** Table and ActionType: `DeviceFileEvents/FileCreated`. */
  readonly source: string;
  readonly fileName: string;
  readonly path: string;
  readonly sha1: string;
  readonly actor: Actor;
  readonly client?: Actor;
  /** Command line of the client's msiexec, for people: names the package. */
  readonly install?: string;
  /** The actor's own file is one of this tool's: an updater, where its certificate is trusted. */
  readonly ownTool?: true;
  /** A scheduled task that names the file, where an approval asks. `action`: command and arguments. */
  readonly task?: { readonly name: string; readonly action: string };
  /** Network logons of the device shortly before, where an approval asks. */
  readonly logons?: readonly { readonly remoteIp: string; readonly accountSid: string; readonly at: Date }[];
}

/** All that was found of one (detection, device). */
export interface Evidence {
  readonly pieces: readonly EvidencePiece[];
  /** What could not be looked at, and why: partial evidence never covers (R13). Empty: everything was looked at. */
  readonly missing: readonly string[];
}

export const NO_EVIDENCE: Evidence = { pieces: [], missing: [] };
