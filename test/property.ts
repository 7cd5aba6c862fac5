import * as fc from "fast-check";

/** Milliseconds that vitest gives a test by default (`vitest.config.ts`). */
const TEST_TIMEOUT = 60_000;

/**
 * Options of a property that ends within its test's time: shrinking a failure stops in time to report the smallest counterexample so far.
 * A property that could not make all its runs fails.
 * @param testTimeout milliseconds
 */
export const inTime = (testTimeout = TEST_TIMEOUT) => ({
  plugins: [fc.interruptAfterTimeLimit(testTimeout * 0.8, { failOnInterrupt: true })],
});
