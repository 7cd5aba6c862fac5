import type { Approval, ApprovalSet } from "../approval.ts";

/** The outcome of an apply. `conflict`: the pointer is not at the expected version, because another set was applied. */
export type Applied =
  | { readonly kind: "applied"; readonly version: number }
  | { readonly kind: "conflict"; readonly stored: number | undefined };

export interface ApprovalsReader {
  /** Version that the pointer names; `undefined` where there is no pointer yet. */
  pointer(): Promise<number | undefined>;
  /**
   * The set that the pointer names.
   * @throws {StateError} when the pointer or a row is missing, malformed or can't be read
   * @throws {StateNewerError} when a newer version wrote them
   */
  current(): Promise<ApprovalSet>;
}

/** The `Approvals` table: sets of approvals, and one pointer to the set in force (R12). */
export interface ApprovalsStore extends ApprovalsReader {
  /** Makes the pointer, at version 0 and the empty set, unless there is one. */
  makePointer(): Promise<void>;
  /**
   * Writes a set as a version after `expectedVersion` (0 where there is no pointer): all of it or nothing.
   * @param above greatest version in the sightings: after a lost pointer the new set must have a greater one
   */
  apply(approvals: readonly Approval[], expectedVersion: number, above?: number): Promise<Applied>;
}
