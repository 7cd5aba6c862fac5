import type { FileProblem } from "../catalog/file-problem.ts";
import { problemLine } from "../catalog/file-problem.ts";
import { clean } from "../core/clean.ts";

/** Most code points of a printed line: a message may quote a long text. */
const MAX_LINE = 2000;

/** A problem as one line. It may quote untrusted files: control characters are replaced. */
export const printableProblem = (problem: FileProblem): string => printableLine(problemLine(problem));

export const printableLine = (line: string): string => clean(line, MAX_LINE).text;

/** A text of several lines; control characters except line ends and tabs become the replacement character. */
export const printableText = (text: string): string => text.replaceAll(/[^\P{Cc}\n\t]/gu, "\uFFFD");
