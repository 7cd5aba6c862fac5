import type { ApprovalSet } from "../core/approval.ts";
import type { Pack } from "../core/pack.ts";
import type { ReadWindows } from "../core/plan.ts";
import type { RunCounters } from "../core/run-counters.ts";
import type { Source } from "../core/source.ts";
import type { ApprovalsStore } from "../core/stores/approvals-store.ts";
import type { CoverageSnapshot, CoverageStore } from "../core/stores/coverage-store.ts";
import type { SightingsStore } from "../core/stores/sightings-store.ts";
import type { WaveStore } from "../core/stores/wave-store.ts";
import type { Logger } from "../logger.ts";
import type { RelayResult } from "../outbox/relay.ts";

export interface RunSettings extends ReadWindows {
  readonly dormancyDays: number;
  /** Milliseconds after which no further unit is taken. */
  readonly budget: number;
  /** Sightings of a detection within 24 hours that open a wave; 0: none ever does. */
  readonly waveThreshold: number;
}

/** Everything that a run needs: `host/` composes it, tests exchange parts. */
export interface Service {
  readonly settings: RunSettings;
  readonly packs: readonly Pack[];
  readonly sources: readonly Source[];
  readonly sightings: SightingsStore;
  readonly coverage: CoverageStore;
  readonly waves: WaveStore;
  readonly approvals: ApprovalsStore;
  /** One pass over the outbox. Never rejects for what a later pass can repeat. */
  readonly relay: () => Promise<RelayResult>;
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly log: Logger;
  /** Aborted when the host shuts down: no further unit is taken. */
  readonly stopping?: AbortSignal;
}

/** One run under way: the service, and the state that the run has read before its first unit. */
export interface RunContext extends Pick<
  Service,
  "settings" | "packs" | "sources" | "sightings" | "coverage" | "waves" | "log"
> {
  readonly approvalsStore: ApprovalsStore;
  readonly approvals: ApprovalSet;
  readonly snapshot: CoverageSnapshot;
  /** Epoch by partition. */
  readonly epochs: ReadonlyMap<string, string>;
  readonly counters: RunCounters;
  readonly runId: string;
  readonly now: Date;
  /** True when no further step may be taken. */
  readonly timeIsUp: () => boolean;
}
