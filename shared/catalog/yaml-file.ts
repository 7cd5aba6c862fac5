import type { z } from "zod";

import { nearest } from "../kql/nearest.ts";
import type { FileProblem } from "./file-problem.ts";
import { distinct, inOrder, normalised, readYamlDocument } from "./yaml-document.ts";

/** A YAML file that matches its schema, and the positions of its parts. */
interface YamlFile<T> {
  readonly data: T;
  /** Makes a problem at the node of that path, or at the nearest enclosing node that exists. */
  readonly problem: (path: readonly PropertyKey[], message: string) => FileProblem;
}

export type LoadedYaml<T> = YamlFile<T> | { readonly problems: readonly FileProblem[] };

/**
 * Checks a YAML text against a schema: every problem with its line and column, in the order of the file. For an unknown field the
 * problem is at its key and suggests the nearest known field.
 */
export function loadYaml<T>(source: string, file: string, schema: z.ZodType<T>): LoadedYaml<T> {
  const read = readYamlDocument(normalised(source));
  if ("problems" in read) return { problems: read.problems.map((problem) => ({ file, ...problem })) };
  const problem = (path: readonly PropertyKey[], message: string): FileProblem => ({ file, ...read.at(path), message });
  const parsed = schema.safeParse(read.content);
  if (parsed.success) return { data: parsed.data, problem };
  const problems = parsed.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({
          file,
          ...read.keyAt([...issue.path, key]),
          message: unknownKey(key, issue.message),
        }))
      : [problem(issue.path, issue.message)],
  );
  return { problems: inOrder(distinct(problems)) };
}

/** The message about an unknown field. `known` is the issue's text, the list that `unknownFields` below writes. */
function unknownKey(key: string, known: string): string {
  const names = known.split(", ");
  const near = nearest(key, names);
  return `unknown field ${key}; ${near === undefined ? `known are ${known}` : `did you mean ${near}?`}`;
}

/** The error option of a strict object: carries its known fields, so that the nearest can be suggested. */
export const unknownFields =
  (fields: readonly string[], wanted: string) =>
  (issue: { readonly code?: string | undefined }): string =>
    issue.code === "unrecognized_keys" ? fields.join(", ") : wanted;
