import type { Document } from "yaml";
import { LineCounter, isMap, isNode, isScalar, parseDocument, visit } from "yaml";
import type { z } from "zod";

import { nearest } from "../kql/nearest.ts";
import type { FileProblem } from "./file-problem.ts";

/** A YAML file that holds what its schema says, and where each part of it stands. */
interface YamlFile<T> {
  readonly data: T;
  /** A problem at the node of that path, or at the nearest one around it that is there. */
  readonly problem: (path: readonly PropertyKey[], message: string) => FileProblem;
}

export type LoadedYaml<T> = YamlFile<T> | { readonly problems: readonly FileProblem[] };

/**
 * A YAML text checked by a schema: every problem with its line and column, in the order of the file. A strict schema's unknown
 * fields are said at their keys, with the known one that is nearest.
 */
export function loadYaml<T>(source: string, file: string, schema: z.ZodType<T>): LoadedYaml<T> {
  const text = source.replace(/^\uFEFF/, "").replaceAll(/\r\n?/g, "\n");
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: true });
  const place = (offset: number, message: string): FileProblem => {
    const { line, col } = counter.linePos(offset);
    return { file, line, column: col, message };
  };
  const malformed = [...document.errors, ...document.warnings].map(({ pos, message }) =>
    place(pos[0], `not valid YAML: ${firstSentence(message)}`),
  );
  if (malformed.length > 0) return { problems: distinct(malformed) };
  const content = contentOf(document);
  if ("unreadable" in content)
    return { problems: [place(content.unreadable.offset, `not valid YAML: ${content.unreadable.message}`)] };
  const problem = (path: readonly PropertyKey[], message: string): FileProblem =>
    place(offsetOf(document, path), message);
  const parsed = schema.safeParse(content.value);
  if (parsed.success) return { data: parsed.data, problem };
  const problems = parsed.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => place(keyOffset(document, issue.path, key), unknownKey(key, issue.message)))
      : [problem(issue.path, issue.message)],
  );
  return { problems: distinct(problems).toSorted((a, b) => a.line - b.line || a.column - b.column) };
}

/** A strict schema's message lists what it knows: `unknownFields` below writes it. */
function unknownKey(key: string, known: string): string {
  const names = known.split(", ");
  const near = nearest(key, names);
  return `unknown field ${key}; ${near === undefined ? `known are ${known}` : `did you mean ${near}?`}`;
}

/** The error option of a strict object: its own fields, from which the nearest is offered. */
export const unknownFields =
  (fields: readonly string[], wanted: string) =>
  (issue: { readonly code?: string | undefined }): string =>
    issue.code === "unrecognized_keys" ? fields.join(", ") : wanted;

function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

function keyOffset(document: Document, path: readonly PropertyKey[], name: string): number {
  const parent = path.length === 0 ? document.contents : document.getIn(path, true);
  const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === name) : undefined;
  return isNode(pair?.key) && pair.key.range ? pair.key.range[0] : offsetOf(document, path);
}

/** Aliases are followed here: one without its anchor, or so many that they would fill the memory, show only now. */
function contentOf(
  document: Document,
): { readonly value: unknown } | { readonly unreadable: { readonly offset: number; readonly message: string } } {
  try {
    return { value: document.toJS() };
  } catch (error) {
    if (error instanceof ReferenceError)
      return { unreadable: { offset: danglingAlias(document), message: error.message } };
    throw error;
  }
}

/** Of the first alias without an anchor; the beginning where each has one. */
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

/** A text that breaks off in a thousand brackets is told once and not a thousand times. */
const distinct = (problems: readonly FileProblem[]): readonly FileProblem[] => [
  ...new Map(problems.map((problem) => [`${problem.line}:${problem.column} ${problem.message}`, problem])).values(),
];

/** yaml appends the place and an excerpt of the text, or a hint to programmers; the place is stated already. */
const firstSentence = (message: string): string =>
  message.replace(/ at line \d+, column \d+:[\s\S]*$/, "").replace(/; please use YAML\..*$/, "");
