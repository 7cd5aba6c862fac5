/** Kusto's own language service: parser and binder. About 1 s to load and 2 s for the first analysis, once a process. */

export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
}

/** Line and column of an offset. Lines end with LF, CRLF or CR. */
export function positionOf(text: string, offset: number): Position {
  let line = 1;
  let start = 0;
  for (const ending of text.matchAll(/\r\n|\n|\r/g)) {
    const next = ending.index + ending[0].length;
    if (next > offset) break;
    line += 1;
    start = next;
  }
  return { line, column: offset - start + 1 };
}
