import type { ApprovalsStore } from "../../shared/core/stores/approvals-store.ts";
import { StateError } from "../../shared/errors.ts";
import type { WorldState } from "./world-state.ts";

/** The set of approvals in force. */
export const modelApprovals = (world: WorldState, task: string) =>
  ({
    pointer: async () => {
      await world.turn(task);
      return world.approvals?.version;
    },
    makePointer: async () => {
      await world.turn(task);
      world.approvals ??= { version: 0, approvals: [] };
    },
    current: async () => {
      await world.turn(task);
      if (!world.approvals) throw new StateError("there is no pointer");
      return world.approvals;
    },
    apply: async (approvals, expectedVersion, above = 0) => {
      await world.turn(task);
      if ((world.approvals?.version ?? 0) !== expectedVersion)
        return { kind: "conflict", stored: world.approvals?.version };
      const version = Math.max(expectedVersion, above) + 1;
      world.approvals = { version, approvals };
      return { kind: "applied", version };
    },
  }) satisfies ApprovalsStore;
