import { vi } from "vitest";
import type { Source } from "../../shared/core/source.ts";
import type { Service } from "../../shared/run/run.ts";

/** A service with parts of its sources exchanged. `names`: so many workspaces, all with the same data. */
export const withSources = (
  service: Service,
  change: (source: Source, workspace: string) => Partial<Source>,
  names?: readonly string[],
): Service => ({
  ...service,
  workspaces: service.workspaces.flatMap(({ source, ...workspace }) =>
    (names ?? [workspace.name]).map((name) => ({
      ...workspace,
      name,
      source: { ...source, ...change(source, name) },
    })),
  ),
});

/** The time that a run measures, moved by the test; given back by `vi.restoreAllMocks`. */
export function runClock(): { pass(ms: number): void } {
  let passed = 0;
  const real = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => real() + passed);
  return { pass: (ms) => void (passed += ms) };
}
