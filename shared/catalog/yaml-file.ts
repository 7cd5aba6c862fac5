import type { z } from "zod";

import { nearest } from "../kql/nearest.ts";
import type { FileProblem } from "./file-problem.ts";
import { distinct, inOrder, normalised, readYamlDocument } from "./yaml-document.ts";

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
