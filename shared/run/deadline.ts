/** When a run takes no further step. */
export interface Deadline {
  /** The budget is used up, or the host shuts down. */
  readonly timeIsUp: () => boolean;
  /** For review and recheck, which leave the units the other half: one that is cut off goes on in the next run. */
  readonly halfIsUp: () => boolean;
  readonly elapsedMs: () => number;
}

/** @param budget milliseconds from now */
export function startDeadline(budget: number, stopping: AbortSignal | undefined): Deadline {
  const started = performance.now();
  const elapsedMs = (): number => performance.now() - started;
  const timeIsUp = (): boolean => stopping?.aborted === true || elapsedMs() > budget;
  return { timeIsUp, halfIsUp: () => timeIsUp() || elapsedMs() > budget / 2, elapsedMs };
}
