/** Conditions on an actor. An attacker can choose a file name, company or task name, so none of these is a condition by itself. */
export interface ActorCondition {
  /** Exact name of a trusted certificate. */
  readonly signer?: string;
  /** The certificate's root is Microsoft's. */
  readonly microsoftRoot?: true;
  /** Whole paths, lower-case; `*` stands for one folder's name. */
  readonly paths?: readonly string[];
  readonly accountSids?: readonly string[];
  /** File names of the parent. Only together with other conditions. */
  readonly parents?: readonly string[];
}

/** Alternative actors. Each is a whole condition by itself. */
export type ActorConditions = ActorCondition & { readonly or?: readonly ActorCondition[] };

/** A written, owned, expiring statement: a tool on some devices, brought there in some way, is expected. Validated. */
export interface Approval {
  readonly id: string;
  readonly reason: string;
  readonly owner: string;
  readonly ticket: string;
  readonly expires: Date;
  /** Slugs of tools. An approved tool that installs another tool does not cover that other tool. */
  readonly tools: readonly string[];
  /** Lower-case device names or ids, or names of device groups. At least one of the two lists. */
  readonly devices: { readonly names?: readonly string[]; readonly groups?: readonly string[] };
  readonly arrival?: ActorConditions & {
    /** Addresses and CIDR ranges of the controller, and the accounts that log on. */
    readonly logon?: { readonly sources: readonly string[]; readonly accountSids: readonly string[] };
    /** The command that the scheduled task runs. Only together with other conditions. */
    readonly taskAction?: string;
  };
  readonly run?: ActorConditions;
  /** Bounds the activity that the approval covers. The approval itself ends at `expires` only. */
  readonly session?: { readonly validFrom: Date; readonly validTo: Date };
  /** Covers listed devices (not groups) without arrival evidence, where the sighting was first seen before `made`. */
  readonly preexisting?: true;
  /** When the devices of a `preexisting` approval were listed: at or after a baseline. Without it no sighting is preexisting. */
  readonly made?: Date;
}

/** The approvals in force: one version, one pointer (R12). Version 0 is the empty set with which every state begins. */
export interface ApprovalSet {
  readonly version: number;
  readonly approvals: readonly Approval[];
}

/** The sighting that approvals are compared with, beside its evidence. */
export interface ApprovalSubject {
  readonly tool: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly deviceGroup: string;
  /** First activity of the episode. */
  readonly firstSeen: Date;
  /** The certificate is not trusted. Such a sighting is never covered. */
  readonly counterfeit: boolean;
}

/** `covered`: by the first approval, in the order of ids, that covers the sighting. Otherwise the reason of each approval of the tool. */
export type Verdict =
  | { readonly covered: true; readonly approvalId: string; readonly reason: string }
  | { readonly covered: false; readonly reasons: readonly { readonly approvalId: string; readonly reason: string }[] };
