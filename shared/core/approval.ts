/** Who, by what can't be chosen by whoever drops a file: never a file name, company or task name alone. */
export interface ActorCondition {
  /** Exact name of a trusted certificate. */
  readonly signer?: string;
  /** Its root is Microsoft's. */
  readonly microsoftRoot?: true;
  /** Whole paths, lower-case; `*` stands for one folder's name. */
  readonly paths?: readonly string[];
  readonly accountSids?: readonly string[];
  /** File names of the parent: an added condition only. */
  readonly parents?: readonly string[];
}

/** One of several actors: each is a whole condition of its own. */
export type ActorConditions = ActorCondition & { readonly or?: readonly ActorCondition[] };

/** A written, owned, expiring statement that a tool on some devices, brought there in some way, is expected. Validated. */
export interface Approval {
  readonly id: string;
  readonly reason: string;
  readonly owner: string;
  readonly ticket: string;
  readonly expires: Date;
  /** Slugs of tools: approving one never covers another that it brought. */
  readonly tools: readonly string[];
  /** Lower-case device names or ids, or names of device groups; one of the two at least. */
  readonly devices: { readonly names?: readonly string[]; readonly groups?: readonly string[] };
  readonly arrival?: ActorConditions & {
    /** Addresses and CIDR ranges of the controller, and the account that logs on. */
    readonly logon?: { readonly sources: readonly string[]; readonly accountSids: readonly string[] };
    /** What the task runs: an added condition only. */
    readonly taskAction?: string;
  };
  readonly run?: ActorConditions;
  /** Bounds the activity that it covers; only `expires` ends it. */
  readonly session?: { readonly validFrom: Date; readonly validTo: Date };
  /** Covers listed devices (not groups) without any arrival evidence, whose sighting was first seen before `made`. */
  readonly preexisting?: true;
  /** When the devices of a `preexisting` approval were listed: at or after a baseline. Without it nothing preexists. */
  readonly made?: Date;
}

/** The approvals in force together: one version, one pointer (R12). Version 0: the empty set that every state begins with. */
export interface ApprovalSet {
  readonly version: number;
  readonly approvals: readonly Approval[];
}

/** What is judged: a sighting with all evidence there is. */
export interface ApprovalSubject {
  readonly tool: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly deviceGroup: string;
  /** First activity of the episode. */
  readonly firstSeen: Date;
  /** A certificate that nothing trusts: never covered. */
  readonly counterfeit: boolean;
}

/** `covered` by the first approval, by id, that covers it; else why each that concerns the tool does not. */
export type Verdict =
  | { readonly covered: true; readonly approvalId: string; readonly reason: string }
  | { readonly covered: false; readonly reasons: readonly { readonly approvalId: string; readonly reason: string }[] };
