import { isScalar } from "yaml";

import type { Position } from "../kql/position.ts";

/**
 * Turns a position in a query into one in its file. Exact for a literal block (`|`) and for a one-line text without escapes; for
 * any other form it is the query's start, since YAML has joined the lines.
 */
export function queryLocator(
  text: string,
  node: unknown,
  query: string,
  at: (offset: number) => Position,
): (inQuery: Position) => Position {
  const start = isScalar(node) ? (node.range?.[0] ?? 0) : 0;
  const begins = at(start);
  const type = isScalar(node) ? node.type : undefined;
  if (type === "BLOCK_LITERAL") {
    const source = text.split("\n");
    const lines = query.split("\n");
    const sample = lines.findIndex((line) => line.trim() !== "");
    const indentation = (source[begins.line + sample]?.length ?? 0) - (lines[sample]?.length ?? 0);
    return ({ line, column }) => ({ line: begins.line + line, column: column + indentation });
  }
  const quote = type === "PLAIN" ? 0 : 1;
  if (text.slice(start + quote, start + quote + query.length) === query && !query.includes("\n"))
    return ({ column }) => ({ line: begins.line, column: begins.column + quote + column - 1 });
  return () => begins;
}
