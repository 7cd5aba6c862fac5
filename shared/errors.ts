import type { SourceErrorKind } from "./core/source.ts";

/** Settings that are missing, malformed or contradict each other: names every one, prints no value. Nothing runs. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`settings can't be used: ${problems.join("; ")}`);
    this.problems = problems;
  }
}

/** A query failed; `kind` says what a run does about it. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly kind: SourceErrorKind;
  constructor(kind: SourceErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** The state can't be read or written after bounded retries: the unit or pass fails, the next one repeats it. */
export class StateError extends Error {
  override readonly name = "StateError";
}

/** A row of the state was written by a newer version: this one must not touch it. */
export class StateNewerError extends Error {
  override readonly name = "StateNewerError";
}

/** The approvals can't be read: nothing is decided without them, and unreadable is not empty. */
export class ApprovalsError extends Error {
  override readonly name = "ApprovalsError";
}

/** Coverage names an epoch that a partition does not have: the sightings were lost or exchanged. An operator decides. */
export class StateLostError extends Error {
  override readonly name = "StateLostError";
}

/** Another set of approvals was applied: this run's judgement must not be the last (R6). */
export class SupersededError extends Error {
  override readonly name = "SupersededError";
}

/**
 * A send failed. `refused`: this message is certainly not on the queue and would be refused again; `ambiguous`: it may be on
 * the queue, send it again under the same id; `unavailable`: nothing can be sent now (entity missing or disabled, no right).
 */
export type PublishErrorKind = "refused" | "ambiguous" | "unavailable";

export class PublishError extends Error {
  override readonly name = "PublishError";
  readonly kind: PublishErrorKind;
  constructor(kind: PublishErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
