import { basename } from "node:path";

import { isMap, isScalar } from "yaml";

import type { Detection } from "../core/pack.ts";
import type { Position } from "../kql/position.ts";
import { nearest } from "../kql/nearest.ts";
import { KNOWN_KEYS, huntingSchema, scheduledSchema } from "./detection-schema.ts";
import type { FileProblem } from "./file-problem.ts";
import type { MappedColumn } from "./mapped-columns.ts";
import { mappedColumns } from "./mapped-columns.ts";
import { fixDataTypes } from "./fix-data-types.ts";
import { queryLocator } from "./query-locator.ts";
import { distinct, inOrder, normalised, readYamlDocument } from "./yaml-document.ts";

/** A checked Sentinel YAML file. Its query is not checked yet. */
export interface DetectionFile extends Omit<Detection, "hash"> {
  readonly file: string;
  /** File name without extension: only `[a-z0-9-]`. */
  readonly slug: string;
  readonly kind: "hunting" | "scheduled";
  /** The query's text; its lines end with LF. */
  readonly query: string;
  /** Result columns that the file names outside its query. */
  readonly mapped: readonly MappedColumn[];
  /** Position of the id in the file. */
  readonly idAt: Position;
  /** Turns a position in the query into one in the file. */
  readonly locate: (inQuery: Position) => Position;
}

export type LoadedFile = { readonly detection: DetectionFile } | { readonly problems: readonly FileProblem[] };

/**
 * Loads a Sentinel hunting query or scheduled rule. A scheduled rule is recognised by its kind, schedule or trigger. Schedule and
 * trigger are checked and not used: each row is a device, whatever the threshold.
 */
export function loadDetectionFile(source: string, file: string): LoadedFile {
  const text = normalised(source);
  const { fixed, lines } = fixDataTypes(text);
  const misplaced = lines.map((line) => ({
    file,
    line,
    column: 1,
    message:
      "dataTypes is indented two spaces too little: it belongs to the connector; put it below the c of connectorId",
  }));
  const read = readYamlDocument(fixed);
  const malformed = "problems" in read ? read.problems.map((problem) => ({ file, ...problem })) : [];
  if ("problems" in read || misplaced.length > 0) return { problems: distinct([...misplaced, ...malformed]) };
  const { document, content, position, at } = read;
  if (!isMap(document.contents))
    return {
      problems: [{ file, line: 1, column: 1, message: "not a detection: it needs id, name, description and query" }],
    };

  const problem = (path: readonly PropertyKey[], message: string): FileProblem => ({ file, ...at(path), message });
  const misspelt = document.contents.items.flatMap(({ key }) =>
    misspeltKey(key, (offset, message) => ({ file, ...position(offset), message })),
  );
  const scheduled = isScheduled(content);
  const parsed = (scheduled ? scheduledSchema : huntingSchema).safeParse(content);
  const slug = basename(file).replace(/\.ya?ml$/, "");
  const misnamed = /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(slug)
    ? []
    : [problem([], `the file's name ${basename(file)} names its pack: use lower-case letters and digits, joined by -`)];
  if (!parsed.success || misspelt.length + misnamed.length > 0) {
    const all = parsed.error?.issues ?? [];
    // A kind that can't run here needs no further problems.
    const kind = all.filter(({ path }) => path[0] === "kind");
    const issues = (kind.length > 0 ? kind : all).map(({ path, message }) => problem(path, message));
    return { problems: inOrder([...misnamed, ...misspelt, ...issues]) };
  }

  const { id, name, description, severity, tactics, relevantTechniques, supersedes, query, tool } = parsed.data;
  return {
    detection: {
      file,
      slug,
      kind: scheduled ? "scheduled" : "hunting",
      id,
      name,
      description,
      tool: tool ?? toolOf(slug),
      severity,
      tactics,
      techniques: relevantTechniques,
      supersedes,
      query,
      mapped: mappedColumns(content, at),
      idAt: at(["id"]),
      locate: queryLocator(fixed, document.get("query", true), query, position),
    },
  };
}

/** A problem for each file whose id an earlier file has. */
export function duplicateIds(files: readonly DetectionFile[]): readonly FileProblem[] {
  const first = new Map<string, string>();
  return files.flatMap(({ id, file, idAt }) => {
    const known = first.get(id);
    if (known === undefined) first.set(id, file);
    return known === undefined ? [] : [{ file, ...idAt, message: `id ${id} is that of ${known}; make a new GUID` }];
  });
}

const SCHEDULED_KEYS = ["kind", "queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold"];

const isScheduled = (content: unknown): boolean =>
  typeof content === "object" && content !== null && SCHEDULED_KEYS.some((key) => key in content);

const toolOf = (slug: string): string =>
  slug
    .replace(/^rmm-/, "")
    .replace(/-(?:file-signature|process-creation|network-connection|filesig|createproc|netconn)$/, "");

/** A problem for an unknown key that resembles a known one: a typing error must not drop a setting silently. */
function misspeltKey(key: unknown, problem: (offset: number, message: string) => FileProblem): readonly FileProblem[] {
  if (!isScalar(key) || typeof key.value !== "string" || KNOWN_KEYS.includes(key.value)) return [];
  const near = nearest(key.value, KNOWN_KEYS);
  return near === undefined ? [] : [problem(key.range?.[0] ?? 0, `unknown key ${key.value}; did you mean ${near}?`)];
}
