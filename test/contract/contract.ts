import type { Outbox } from "../../shared/core/outbox.ts";
import type { ApprovalsStore } from "../../shared/core/stores/approvals-store.ts";
import type { CoverageStore } from "../../shared/core/stores/coverage-store.ts";
import type { SightingsRetention, SightingsStore } from "../../shared/core/stores/sightings-store.ts";
import type { WaveStore } from "../../shared/core/stores/wave-store.ts";

/** Every port of the state, over one empty state. */
export interface Stores {
  readonly sightings: SightingsStore;
  readonly retention: SightingsRetention;
  readonly coverage: CoverageStore;
  readonly waves: WaveStore;
  readonly approvals: ApprovalsStore;
  readonly outbox: Outbox;
  /** Calls `ours`; `theirs` takes place before its first write, behind its reads. A call that is one step comes after `theirs`. */
  race<T>(theirs: () => Promise<unknown>, ours: () => Promise<T>): Promise<T>;
}

/** `if-match`: a write is refused in any version but the one that was read. `insert-only`: it is refused where there is a row. */
export type Condition = "if-match" | "insert-only";

/** One thing that every implementation of a port does. */
export interface ContractCase {
  readonly title: string;
  /** The case sees that a write goes without this condition. Absent: it is not about a conditional write. */
  readonly condition?: Condition;
  check(stores: Stores): Promise<void>;
}

/** What a port promises. */
export interface Contract {
  readonly port: string;
  readonly cases: readonly ContractCase[];
}
