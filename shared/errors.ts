import type { SourceErrorKind } from "./core/source.ts";

/** Settings are missing, malformed or contradict each other. The message names each of them and prints no value. Nothing runs. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`settings can't be used: ${problems.join("; ")}`);
    this.problems = problems;
  }
}

/** A query failed. `kind` decides what a run does about it. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly kind: SourceErrorKind;
  constructor(kind: SourceErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** The state can't be read or written after bounded retries. The unit or pass fails; the next run or pass repeats it. */
export class StateError extends Error {
  override readonly name = "StateError";
}

/** A newer version wrote a row of the state. This version must not change it. */
export class StateNewerError extends Error {
  override readonly name = "StateNewerError";
}

/** The approvals can't be read. Nothing is decided without them: unreadable approvals are not an empty set (R12). */
export class ApprovalsError extends Error {
  override readonly name = "ApprovalsError";
}

/** Coverage names an epoch that the partition does not have: the sightings were lost or replaced. An operator decides (R10). */
export class StateLostError extends Error {
  override readonly name = "StateLostError";
}

/** Another set of approvals was applied meanwhile. This run must not write decisions by its older set (R6). */
export class SupersededError extends Error {
  override readonly name = "SupersededError";
}

/**
 * Kind of a failed send. `refused`: the message is certainly not on the queue and would be refused again. `ambiguous`: it may be on
 * the queue; it is sent again under the same id. `unavailable`: nothing can be sent now (queue missing or disabled, or no right).
 */
export type PublishErrorKind = "refused" | "ambiguous" | "unavailable";

/** A send failed. */
export class PublishError extends Error {
  override readonly name = "PublishError";
  readonly kind: PublishErrorKind;
  constructor(kind: PublishErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
