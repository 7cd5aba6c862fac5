/** Runs work, at most so many at once; the rest waits in the order it came. */
export type Limiter = <T>(work: () => Promise<T>) => Promise<T>;

/** @param most 1 or more */
export function createLimiter(most: number): Limiter {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    // A freed place is handed over and never counted down, so that a newcomer can't take it in between.
    if (running < most) running += 1;
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
