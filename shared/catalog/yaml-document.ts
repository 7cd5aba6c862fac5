import type { Document } from "yaml";
import { LineCounter, isMap, isNode, isScalar, parseDocument, visit } from "yaml";

import type { Position } from "../kql/position.ts";

/** A parsed YAML text: its values and the positions of its parts. */
export interface YamlDocument {
  readonly document: Document;
  readonly content: unknown;
  readonly position: (offset: number) => Position;
  /** Position of the value at the path, or of the nearest enclosing part that exists. */
  readonly at: (path: readonly PropertyKey[]) => Position;
  /** Position of the key at the end of the path. */
  readonly keyAt: (path: readonly PropertyKey[]) => Position;
}

export interface YamlProblem extends Position {
  readonly message: string;
}

export type ReadYaml = YamlDocument | { readonly problems: readonly YamlProblem[] };

/** The text with LF line ends and without a byte order mark. */
export const normalised = (source: string): string => source.replace(/^\uFEFF/, "").replaceAll(/\r\n?/g, "\n");

/**
 * Parses a text whose lines end with LF. `intAsBigInt`: ids beyond 2^53 keep their digits. Every syntax error is one problem; most
 * follow from the first.
 */
export function readYamlDocument(text: string, options: { readonly intAsBigInt?: boolean } = {}): ReadYaml {
  const counter = new LineCounter();
  const document = parseDocument(text, { ...options, lineCounter: counter, prettyErrors: true });
  const position = (offset: number): Position => {
    const { line, col } = counter.linePos(offset);
    return { line, column: col };
  };
  const malformed = [...document.errors, ...document.warnings]
    .toSorted((a, b) => a.pos[0] - b.pos[0])
    .map(({ pos, message }) => ({ ...position(pos[0]), message: `not valid YAML: ${firstSentence(message)}` }));
  if (malformed.length > 0) return { problems: distinct(malformed) };
  try {
    return {
      document,
      content: document.toJS(),
      position,
      at: (path) => position(offsetOf(document, path)),
      keyAt: (path) => position(keyOffset(document, path)),
    };
  } catch (error) {
    // Only the conversion detects an alias without its anchor, or so many aliases that they would fill the memory.
    if (error instanceof ReferenceError)
      return { problems: [{ ...position(danglingAlias(document)), message: `not valid YAML: ${error.message}` }] };
    throw error;
  }
}

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function keyOffset(document: Document, path: readonly PropertyKey[]): number {
  const parent = path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)))
    : undefined;
  return isScalar(pair?.key) && pair.key.range ? pair.key.range[0] : offsetOf(document, path);
}

/** Offset of the first alias without an anchor, or 0. */
function danglingAlias(document: Document): number {
  let offset = 0;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return undefined;
      offset = alias.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

/** Each problem once: a text that breaks off in a thousand brackets gives the same problem a thousand times. */
export const distinct = <P extends YamlProblem>(problems: readonly P[]): readonly P[] => [
  ...new Map(problems.map((problem) => [`${problem.line}:${problem.column} ${problem.message}`, problem])).values(),
];

export const inOrder = <P extends Position>(problems: readonly P[]): readonly P[] =>
  problems.toSorted((a, b) => a.line - b.line || a.column - b.column);

/** yaml's messages go on with the position, an excerpt or a hint for programmers; the position is reported separately. */
const firstSentence = (message: string): string =>
  message.replace(/ at line \d+, column \d+:[\s\S]*$/, "").replace(/; please use YAML\..*$/, "");
