import type { Analysis } from "./language.ts";
import type { Problem } from "./problem.ts";
import type { Position } from "./position.ts";
import { positionOf } from "./position.ts";
import type { QueryProblem } from "./query-problem.ts";
import type { QueryPurpose } from "./query-purpose.ts";
import type { Dialect } from "./schema.ts";
import { suggestion } from "./suggestion.ts";

export interface DialectAnalysis {
  readonly dialect: Dialect;
  /** Analysis of prelude and query together. */
  readonly analysis: Analysis;
}

/** Most reported problems: nobody reads more, and each needs a search for a suggestion. */
const MAX_SHOWN = 50;

/** KS205 counts as an error: a fuzzy union only warns of an unknown table, and would read it beyond the planned window. */
const refuses = ({ severity, code }: Problem): boolean => severity === "error" || code === "KS205";

/** A query's own text, its prelude, and the analyses of both together. */
export interface AnalysedQuery {
  readonly query: string;
  readonly front: string;
  readonly analyses: readonly DialectAnalysis[];
}

/** Problems of names and types in any of the dialects, with positions in the query's own text, each once. */
export const semanticProblems = (
  analysed: AnalysedQuery,
  tables: readonly string[],
  purpose: QueryPurpose,
): readonly QueryProblem[] => {
  const analyses = analysed.analyses.map(({ analysis }) => analysis);
  return collected(
    analysed,
    (problem) => refuses(problem) && problem.kind === "semantic",
    (problem, dialects, word) =>
      `${problem.message}${suggestion({ problem, word, dialects, purpose, tables, analyses })}`,
  );
};

/** Warnings of the language service. */
export const semanticWarnings = (analysed: AnalysedQuery): readonly QueryProblem[] =>
  collected(
    analysed,
    (problem) => problem.severity === "warning" && !refuses(problem),
    ({ message }) => message,
  );

function collected(
  { query, front, analyses }: AnalysedQuery,
  wanted: (problem: Problem) => boolean,
  describe: (problem: Problem, dialects: readonly Dialect[], word: string) => string,
): readonly QueryProblem[] {
  const found = new Map<string, { readonly problem: Problem; readonly dialects: Dialect[] }>();
  for (const { dialect, analysis } of analyses)
    for (const problem of analysis.problems.filter(wanted)) {
      if (problem.offset < front.length) throw new Error(`the prelude is not valid: ${problem.message} in\n${front}`);
      const key = `${problem.offset} ${problem.message}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, { problem, dialects: [dialect] });
      else known.dialects.push(dialect);
    }
  const all = [...found.values()].toSorted((a, b) => a.problem.offset - b.problem.offset);
  const place = ({ offset }: Problem): Position => positionOf(query, offset - front.length);
  const shown = all.slice(0, MAX_SHOWN).map(({ problem, dialects }) => {
    const offset = problem.offset - front.length;
    return {
      ...place(problem),
      message: describe(problem, dialects, query.slice(offset, offset + problem.length)),
    };
  });
  const next = all[MAX_SHOWN];
  return next === undefined
    ? shown
    : [
        ...shown,
        { ...place(next.problem), message: `from here on ${all.length - MAX_SHOWN} more; fix those before first` },
      ];
}
