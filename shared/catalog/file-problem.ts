/** What is wrong in a file, where, and how to mend it. */
export interface FileProblem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly message: string;
}

/** As compilers print it, so that editors jump there. */
export const problemLine = ({ file, line, column, message }: FileProblem): string =>
  `${file}:${line}:${column}: ${message}`;
