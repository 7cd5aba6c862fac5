import type { Pack } from "../core/pack.ts";
import type { ReadWindows } from "../core/plan.ts";
import type { Source } from "../core/source.ts";
import type { ApprovalsStore } from "../core/stores/approvals-store.ts";
import type { CoverageStore, CoverageWriter } from "../core/stores/coverage-store.ts";
import type { SightingsStore } from "../core/stores/sightings-store.ts";
import type { WaveStore } from "../core/stores/wave-store.ts";
import type { Logger } from "../logger.ts";
import type { RelayResult } from "../outbox/relay.ts";
import type { ReviewContext, Timed } from "../review/review-context.ts";

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

/** One run under way: its review's context, and what the units need beside it. */
export interface RunContext extends ReviewContext, Timed {
  readonly settings: RunSettings;
  readonly coverage: CoverageWriter;
}
