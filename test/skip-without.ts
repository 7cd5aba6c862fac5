import type { TestContext } from "vitest";

/**
 * Skips the test where a tool is missing, and prints why: vitest's default reporter shows neither the test nor its note. Where the
 * environment variable `required` is 1, the test fails instead.
 * @param missing the tool and how to get it; `undefined`: it is there
 */
export function skipWithout(missing: string | undefined, required: "REQUIRE_PROTON", context: TestContext): void {
  if (missing === undefined) return;
  if (process.env[required] === "1") throw new Error(missing);
  console.warn(`skipped: ${missing}`);
  context.skip(missing);
}
