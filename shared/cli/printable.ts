import type { FileProblem } from "../catalog/file-problem.ts";
import { problemLine } from "../catalog/file-problem.ts";
import { clean } from "../core/clean.ts";

/** Code points; what a message quotes of a file may be long. */
const MAX_LINE = 2000;

/** A problem as one line. Files of others are quoted in it: nothing of them bends the terminal. */
export const printableProblem = (problem: FileProblem): string => printableLine(problemLine(problem));

export const printableLine = (line: string): string => clean(line, MAX_LINE).text;

/** A text of several lines, its controls (but for ends of lines and tabs) shown as the replacement character. */
export const printableText = (text: string): string => text.replaceAll(/[^\P{Cc}\n\t]/gu, "\uFFFD");
