import type { Analysis } from "./language.ts";
import type { Problem } from "./problem.ts";
import { nearest } from "./nearest.ts";
import type { QueryProblem } from "./query-problem.ts";

/** Operators that can begin a stage, for suggestions. */
const OPERATORS = [
  "as",
  "count",
  "distinct",
  "evaluate",
  "extend",
  "invoke",
  "join",
  "limit",
  "lookup",
  "make-series",
  "mv-apply",
  "mv-expand",
  "order",
  "parse",
  "parse-where",
  "project",
  "project-away",
  "project-keep",
  "project-rename",
  "project-reorder",
  "sample",
  "serialize",
  "sort",
  "summarize",
  "take",
  "top",
  "union",
  "where",
];

/** Syntax problems: the first on each line, as the others on a line follow from it. */
export function syntaxProblems({ problems, text }: Analysis): readonly QueryProblem[] {
  const first = new Map<number, Problem>();
  for (const problem of problems)
    if (problem.kind === "syntax" && problem.severity === "error" && !first.has(problem.line))
      first.set(problem.line, problem);
  return [...first.values()].map((problem) => ({
    line: problem.line,
    column: problem.column,
    message: reason(problem, text),
  }));
}

function reason({ code, message, offset, length }: Problem, text: string): string {
  const after = text.slice(offset).trimStart();
  if (code === "KS006") {
    if (/,\s*$/.test(text.slice(0, offset)) && after.startsWith(")"))
      return "Missing expression: a comma stands before the closing bracket. Take it out.";
    const doubled = /\b(has\w*|contains\w*|in|startswith\w*|endswith\w*)\s*$/i.exec(text.slice(0, offset));
    const second = /^\w+/.exec(after);
    if (doubled && second && message.includes("intended"))
      return `Missing expression between ${doubled[1]} and ${second[0]}: two operators follow each other. Keep one of them.`;
  }
  if (code === "KS176") {
    const word = text.slice(offset, offset + length);
    const near = nearest(word, OPERATORS);
    if (/^\s*(?:[=!<>]|!?(?:has|contains|in|startswith|endswith|between|matches)\b)/.test(text.slice(offset + length)))
      return `${message}${near === undefined ? ` A stage begins with its operator: write where before ${word}.` : ` Did you mean ${near}?`}`;
    if (near !== undefined) return `${message} Did you mean ${near}?`;
  }
  return message;
}
