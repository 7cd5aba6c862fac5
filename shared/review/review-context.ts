import type { AnnounceOrigin } from "../announce/announce-context.ts";
import type { RunCounters } from "../core/run-counters.ts";
import type { Source } from "../core/source.ts";
import type { ApprovalsReader } from "../core/stores/approvals-store.ts";
import type { CoverageWriter } from "../core/stores/coverage-store.ts";
import type { SightingsStore } from "../core/stores/sightings-store.ts";
import { SupersededError } from "../errors.ts";
import type { Logger } from "../logger.ts";

/** Everything that a review or a recheck needs of a run. */
export interface ReviewContext extends AnnounceOrigin {
  readonly settings: AnnounceOrigin["settings"] & {
    /** Milliseconds. */
    readonly horizon: number;
    readonly overlap: number;
  };
  readonly sources: readonly Source[];
  readonly sightings: SightingsStore;
  readonly coverage: Pick<CoverageWriter, "moveReviewMark" | "moveRecheckMark" | "saveRecheckPosition">;
  readonly approvalsStore: ApprovalsReader;
  readonly counters: RunCounters;
  readonly log: Logger;
}

/** No further step is taken once this returns true; the next run continues. */
export interface Timed {
  readonly timeIsUp: () => boolean;
}

/** @throws {SupersededError} when the pointer is no longer at the set that this run judges by */
export async function assertCurrent({
  approvalsStore,
  approvals,
}: Pick<ReviewContext, "approvalsStore" | "approvals">): Promise<void> {
  const version = await approvalsStore.pointer();
  if (version !== approvals.version)
    throw new SupersededError(`the approvals are at version ${version}, this run has ${approvals.version}`);
}
