/** Counters of one run. Each step adds to them. */
export interface RunCounters {
  rows: number;
  rejected: number;
  new: number;
  returned: number;
  expected: number;
  announced: number;
  waves: number;
  quarantined: number;
  queries: number;
  readonly newByDetection: Map<string, number>;
}

export const newCounters = (): RunCounters => ({
  rows: 0,
  rejected: 0,
  new: 0,
  returned: 0,
  expected: 0,
  announced: 0,
  waves: 0,
  quarantined: 0,
  queries: 0,
  newByDetection: new Map(),
});
