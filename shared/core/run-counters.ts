/** Counters of what was committed to the state. */
export interface CommitCounters {
  new: number;
  returned: number;
  /** Written as expected: an approval covers them. */
  expected: number;
  /** Sightings put into the outbox, in messages of their own or as members of a wave. */
  announced: number;
  /** Waves that were opened. */
  waves: number;
  /** Entities that the service refused: each run tries them again. */
  quarantined: number;
  /** New devices by detection id. */
  readonly newByDetection: Map<string, number>;
}

/** Counters of one run. Each step adds to them. */
export interface RunCounters extends CommitCounters {
  rows: number;
  rejected: number;
  queries: number;
}

export const newCommitCounters = (): CommitCounters => ({
  new: 0,
  returned: 0,
  expected: 0,
  announced: 0,
  waves: 0,
  quarantined: 0,
  newByDetection: new Map(),
});

export const newCounters = (): RunCounters => ({ ...newCommitCounters(), rows: 0, rejected: 0, queries: 0 });

/** Adds the counters of one answer to those of its run. */
export function addCounters(run: CommitCounters, answer: CommitCounters): void {
  for (const name of ["new", "returned", "expected", "announced", "waves", "quarantined"] as const)
    run[name] += answer[name];
  for (const [id, count] of answer.newByDetection) countNew(run, id, count);
}

/** Counts new devices of a detection. */
export function countNew({ newByDetection }: CommitCounters, detectionId: string, count: number): void {
  newByDetection.set(detectionId, (newByDetection.get(detectionId) ?? 0) + count);
}
