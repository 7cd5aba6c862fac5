import { vi } from "vitest";
import type { Source } from "../../shared/core/source.ts";
import type { Service } from "../../shared/run/run-context.ts";

/** A service with parts of its sources exchanged. `names`: so many sources, all with the same data. */
export const withSources = (
  service: Service,
  change: (source: Source, name: string) => Partial<Source>,
  names?: readonly string[],
): Service => ({
  ...service,
  sources: service.sources.flatMap((source) =>
    (names ?? [source.name]).map((name) => ({ ...source, name, ...change(source, name) })),
  ),
});

/** The time that a run measures, moved by the test; given back by `vi.restoreAllMocks`. */
export function runClock(): { pass(ms: number): void } {
  let passed = 0;
  const real = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => real() + passed);
  return { pass: (ms) => void (passed += ms) };
}
