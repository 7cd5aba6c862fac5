import { createHash } from "node:crypto";

import type { Pack, QueryPart } from "../core/pack.ts";
import { bindQuery } from "../core/pack.ts";
import { positionOf } from "../kql/position.ts";
import { validateQuery } from "../kql/validate.ts";
import { SAMPLE_WINDOW, packProblems } from "./check-pack.ts";
import type { DetectionFile } from "./detection-file.ts";
import type { FileProblem } from "./file-problem.ts";
import { unmapped } from "./mapped-columns.ts";
import type { Replacement } from "./own-window.ts";
import { ownWindow, plannedWindow } from "./own-window.ts";
import { preludeParts } from "./prelude.ts";
import { projection } from "./projection.ts";

/** Raise it when the same file finds other rows than before: the hash changes, and the whole horizon is read once more. */
const COMPILE_VERSION = 1;

const UNKNOWN_WINDOW =
  "how far back this looks is known only when the query runs: the plan may read further than it does; write the time as a constant";

export type Compiled =
  | { readonly pack: Pack; readonly warnings: readonly FileProblem[] }
  | { readonly problems: readonly FileProblem[] };

/** A pack with one detection, whose query is valid in both dialects, or the problems of that query. */
export function compileDetection(source: DetectionFile): Compiled {
  const { file, slug, query, locate } = source;
  const validation = validateQuery(query, (tables, named) =>
    bindQuery(preludeParts(tables, named), SAMPLE_WINDOW, "all"),
  );
  if ("problems" in validation)
    return {
      problems: validation.problems.map(({ message, line, column }) => ({
        file,
        ...locate({ line, column }),
        message,
      })),
    };

  const { checked } = validation;
  const replaced = plannedWindow(checked);
  const window = ownWindow(checked, replaced);
  const unknown = window.unknown.map((offset) => ({ ...positionOf(query, offset), message: UNKNOWN_WINDOW }));
  const { parts, warnings } = projection(checked.columns);
  const whole = joined([
    ...preludeParts(checked.tables, checked.namesTimeGenerated),
    // Cuts comments and a semicolon after the expression: either would swallow the text that follows.
    ...replace(query.slice(0, checked.expression.End), replaced),
    ...parts,
    { slice: true },
  ]);
  const broken = packProblems(whole);
  if (broken.length > 0)
    return {
      problems: broken.map((message) => ({
        file,
        ...locate({ line: 1, column: 1 }),
        message: `not valid once the planned window and our columns are put around it: ${message}; look for a let that has the name of a column or function`,
      })),
    };
  const hash = sha256([COMPILE_VERSION, query.replaceAll("\r\n", "\n")]);
  const { id, name, description, tool, severity, tactics, techniques, supersedes } = source;
  const inQuery = [...checked.warnings, ...unknown, ...warnings.map((message) => ({ line: 1, column: 1, message }))];
  return {
    pack: {
      name: `yaml-${slug}`,
      hash: sha256([whole, [hash]]),
      detections: [{ id, name, description, tool, severity, tactics, techniques, supersedes, hash }],
      tables: checked.tables,
      ...(window.shortest !== undefined && { ownWindow: window.shortest }),
      query: whole,
    },
    warnings: [
      ...inQuery.map(({ message, ...at }) => ({ file, ...locate(at), message })),
      ...unmapped(source.mapped, checked.columns).map((warning) => ({ file, ...warning })),
    ],
  };
}

const sha256 = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");

function replace(text: string, replacements: readonly Replacement[]): QueryPart[] {
  const parts: QueryPart[] = [];
  let done = 0;
  for (const { start, end, part } of replacements.toSorted((a, b) => a.start - b.start)) {
    parts.push(text.slice(done, start), part);
    done = end;
  }
  return [...parts, text.slice(done)];
}

/** Joins neighbouring texts into one part. */
function joined(parts: readonly QueryPart[]): readonly QueryPart[] {
  const out: QueryPart[] = [];
  for (const part of parts) {
    const last = out.at(-1);
    if (typeof part === "string" && typeof last === "string") out[out.length - 1] = last + part;
    else if (part !== "") out.push(part);
  }
  return out;
}
