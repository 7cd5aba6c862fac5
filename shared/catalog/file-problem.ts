/** A problem in a file: where it is, what is wrong, and how to fix it. */
export interface FileProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly message: string;
}

/** The form that compilers print, so that editors can jump to the place. */
export const problemLine = ({ file, line, column, message }: FileProblem): string =>
  `${file}:${line}:${column}: ${message}`;
