/** Runs work when a place is free; otherwise the work waits in the order of the calls. */
export type Limiter = <T>(work: () => Promise<T>) => Promise<T>;

/** A limiter that runs at most `limit` pieces of work at once. @param limit 1 or more */
export function createLimiter(limit: number): Limiter {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    // A freed place goes to the next in line without `running` going down, so that a new call can't take it in between.
    if (running < limit) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
