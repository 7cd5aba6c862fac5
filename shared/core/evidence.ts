/** The process that started another process, or that wrote a file. Texts come from the device: untrusted, of any length. */
export interface Actor {
  readonly fileName: string;
  /** Folder and file name, lower-case, backslashes; empty where the row has none. */
  readonly path: string;
  readonly sha1: string;
  /** The file's certificate, joined on its SHA1; absent: no certificate row was found. */
  readonly certificate?: { readonly signer: string; readonly trusted: boolean; readonly microsoftRoot: boolean };
  readonly commandLine: string;
  readonly parentFileName: string;
  readonly accountSid: string;
  /** For display; approvals compare SIDs. */
  readonly accountName: string;
  /** The file's signature as the process event states it (`OsVendor`, `Valid`), for display; absent where it states none. */
  readonly signature?: { readonly type: string; readonly status: string };
}

/**
 * An event around a candidate. `arrival`: the actor created or installed the file. `run`: the actor started it. `client`: for an
 * arrival that the Windows Installer's service wrote, the process that requested the installation, searched within 30 minutes.
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
  /** Command line of the client's msiexec, which names the package. For display. */
  readonly install?: string;
  /** The actor's file is one of this tool's files with a trusted certificate: an updater. */
  readonly ownTool?: true;
  /** A scheduled task that names the file. Queried where an approval compares tasks. `action`: command and arguments. */
  readonly task?: { readonly name: string; readonly action: string };
  /** Network logons of the device shortly before. Queried where an approval compares logons. */
  readonly logons?: readonly { readonly remoteIp: string; readonly accountSid: string; readonly at: Date }[];
}

/** All evidence of one (detection, device). */
export interface Evidence {
  readonly pieces: readonly EvidencePiece[];
  /** Why evidence is incomplete; such evidence is never covered (R13). Empty: the evidence is complete. */
  readonly missing: readonly string[];
}

export const NO_EVIDENCE: Evidence = { pieces: [], missing: [] };
