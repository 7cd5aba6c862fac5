import { globSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import type { DetectionFile } from "./detection-file.ts";
import { loadDetectionFile } from "./detection-file.ts";
import { catalogDetections } from "./detection-paths.ts";
import { LOCAL_TOOLS, readTools } from "./catalogue-files.ts";
import { readSource } from "./read-source.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The detections that exist already, against which imports are checked. */
export interface KnownDetections {
  /** Why a detection clashes at that path, and what to do; `undefined` where it does not. */
  readonly clash: (detection: DetectionFile, path: string) => string | undefined;
  /** The shipped file with that id, which the import replaces. */
  readonly replaced: (id: string) => string | undefined;
  readonly add: (id: string, path: string) => void;
}

/** Detections of a folder, and the shipped ones: a file with the same id replaces a shipped one. */
export function knownDetections(out: string): KnownDetections {
  const inFolder = new Map<string, string>();
  for (const [id, path] of idsOf(globSync("*.yaml", { cwd: out }).map((name) => join(out, name))))
    inFolder.set(id, path);
  const shipped = new Map(idsOf(catalogDetections("shipped").files.map((file) => join(ROOT, file))));
  const loaded = readTools();
  const tools = new Map("tools" in loaded ? loaded.tools.map((tool) => [tool.id, tool]) : []);
  const taken = new Set<string>();
  return {
    clash({ id, slug }, path) {
      const other = inFolder.get(id);
      if (other !== undefined && resolve(other) !== resolve(path))
        return `id ${id} is that of ${other}; make a new GUID`;
      const tool = tools.get(id);
      if (tool?.enabled)
        return `id ${id} is that of the catalogue's tool ${tool.slug}, which is detected already; make a new GUID, or switch the tool off in ${LOCAL_TOOLS}`;
      if (taken.has(resolve(path))) return `another file of this import became ${path}; rename one of them`;
      const namesake = [...shipped].find(([known, file]) => known !== id && basename(file, ".yaml") === slug);
      return namesake && `the shipped ${basename(namesake[1])} has this name and another id; rename the file`;
    },
    replaced(id) {
      const file = shipped.get(id);
      return file && `the shipped ${basename(file)}`;
    },
    add(id, path) {
      inFolder.set(id, path);
      taken.add(resolve(path));
    },
  };
}

/** Ids of the files that are valid detections. */
const idsOf = (files: readonly string[]): readonly (readonly [string, string])[] =>
  files.flatMap((file) => {
    const source = readSource(file);
    if ("problem" in source) return [];
    const loaded = loadDetectionFile(source.text, file);
    return "detection" in loaded ? [[loaded.detection.id, file] as const] : [];
  });
