import { nearest } from "../../kql/nearest.ts";
import type { DetectionFile } from "../detection-file.ts";
import type { FileProblem } from "../file-problem.ts";
import type { MutantRun } from "./run-mutants.ts";
import type { TestFile } from "./test-file.ts";

export interface MutationReport {
  /** Number of mutants that are valid queries. */
  readonly mutants: number;
  /** Number of survivors that the test file lists with a reason. */
  readonly listed: number;
  /** Descriptions of the survivors that the test file does not list. */
  readonly survivors: readonly string[];
}

/** Compares the surviving mutants with the survivors that the test file lists. */
export function assessSurvivors(
  runs: readonly MutantRun[],
  { file, locate }: Pick<DetectionFile, "file" | "locate">,
  tests: Pick<TestFile, "file" | "survivors">,
): { readonly mutation: MutationReport; readonly problems: readonly FileProblem[] } {
  const listed = new Set(tests.survivors.map(({ mutation }) => mutation));
  const survivors = runs.filter(({ killedBy }) => killedBy === undefined).map(({ mutant }) => mutant);
  const unlisted = survivors.filter(({ description }) => !listed.has(description));
  const unexplained = unlisted.map(({ description, line, column }) => ({
    file,
    ...locate({ line, column }),
    message: `no case notices this change: ${description}; add a case that does, or, where it means the same, list it under survivors in ${tests.file}: - { mutation: ${JSON.stringify(description)}, reason: why }`,
  }));
  return {
    mutation: {
      mutants: runs.length,
      listed: survivors.length - unlisted.length,
      survivors: unlisted.map(({ description }) => description),
    },
    problems: [...unexplained, ...outdated(runs, tests)],
  };
}

/** Problems for listed survivors that do not survive, do not exist, or are listed twice. */
function outdated(
  runs: readonly MutantRun[],
  { file, survivors }: Pick<TestFile, "file" | "survivors">,
): readonly FileProblem[] {
  const killers = new Map(runs.map((run) => [run.mutant.description, run.killedBy]));
  const seen = new Set<string>();
  return survivors.flatMap(({ mutation, line, column }) => {
    const isRepeated = seen.has(mutation);
    seen.add(mutation);
    const message = isRepeated ? "this survivor is listed twice; take one out" : misfit(mutation, killers);
    return message === undefined ? [] : [{ file, line, column, message }];
  });
}

function misfit(mutation: string, killers: ReadonlyMap<string, string | undefined>): string | undefined {
  if (killers.has(mutation)) {
    const killer = killers.get(mutation);
    return killer === undefined
      ? undefined
      : `the case "${killer}" notices this change: it is no survivor; take it out`;
  }
  const near = nearest(mutation, killers.keys());
  return `the query has no such mutation${near === undefined ? "; take it out" : `; did you mean ${near}?`}`;
}
