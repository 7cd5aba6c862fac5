import { readFile } from "node:fs/promises";
import { extname } from "node:path";

import { loadDetectionFile } from "../catalog/detection-file.ts";
import type { FileProblem } from "../catalog/file-problem.ts";
import { timePrelude } from "../catalog/prelude.ts";
import type { Position } from "../kql/position.ts";
import { tooDeep } from "../kql/nesting.ts";
import { validateQuery } from "../kql/validate.ts";
import { ConfigError } from "../errors.ts";

/** A query in the form that runs, with a translation of positions into the file's. */
export interface QueryFile {
  readonly text: string;
  readonly locate: (inText: Position) => Position;
}

/**
 * Reads a `.kql` as it is, or a Sentinel YAML's query with its prelude, without a planned window.
 * @throws {ConfigError} when the file does not exist or is of neither kind
 */
export async function readQueryFile(file: string): Promise<QueryFile | { readonly problems: readonly FileProblem[] }> {
  const extension = extname(file).toLowerCase();
  if (![".kql", ".yaml", ".yml"].includes(extension))
    throw new ConfigError([`${file}: name a .kql, or a detection's .yaml`]);
  const source = await readText(file);
  if (extension !== ".kql") return yamlQuery(source, file);
  const text = source.replace(/^\uFEFF/, "");
  const deep = tooDeep(text);
  return deep === undefined ? { text, locate: (at) => at } : { problems: [{ file, ...deep }] };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      throw new ConfigError([`${file} is not there; name a .kql or .yaml file`]);
    throw new ConfigError([`${file} can't be read: ${error instanceof Error ? error.message : String(error)}`]);
  }
}

function yamlQuery(source: string, file: string): QueryFile | { readonly problems: readonly FileProblem[] } {
  const loaded = loadDetectionFile(source, file);
  if ("problems" in loaded) return loaded;
  const { query, locate } = loaded.detection;
  const validation = validateQuery(query, timePrelude);
  if ("problems" in validation)
    return {
      problems: validation.problems.map(({ message, ...at }) => ({ file, ...locate(at), message })),
    };
  const { tables, namesTimeGenerated } = validation.checked;
  const front = timePrelude(tables, namesTimeGenerated);
  return {
    text: front + query,
    locate: ({ line, column }) => locate({ line: Math.max(1, line - tables.length), column }),
  };
}
