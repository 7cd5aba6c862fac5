import { globSync, statSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Folders of the shipped detections and of the customer's own. No upgrade touches the latter; on the same id they win. */
const FOLDERS = { shipped: "shared/catalog/detections", local: "shared/catalog/local/detections" } as const;

export type DetectionPaths = { readonly files: readonly string[] } | { readonly problem: string };

/** Path of a detection's tests: `NAME.test.yaml` beside `NAME.yaml`. */
export const testPathOf = (detection: string): string => detection.replace(/\.yaml$/, ".test.yaml");

/**
 * The detection files that command-line arguments name, each once, in the given order: files, folders with everything below them
 * (except `node_modules` and names that begin with a dot), or, without arguments, the files of this clone. Never a `*.test.yaml`.
 * Relative arguments give relative paths. One problem lists everything that is wrong, a line each.
 */
export function detectionPaths(paths: readonly string[]): DetectionPaths {
  const found = paths.length === 0 ? [catalogFiles()] : paths.map(filesOf);
  const problems = found.flatMap((one) => ("problem" in one ? [one.problem] : []));
  if (problems.length > 0) return { problem: problems.join("\n") };
  const files = found.flatMap((one) => ("files" in one ? one.files : []));
  return { files: [...new Map(files.map((file) => [resolve(file), file])).values()] };
}

/** Detection files of this clone, relative to it, in order; `misnamed` are `.yml` files, which nothing reads. */
export function catalogDetections(from: keyof typeof FOLDERS): {
  readonly files: readonly string[];
  readonly misnamed: readonly string[];
} {
  const names = globSync("*.{yaml,yml}", { cwd: join(ROOT, FOLDERS[from]) }).toSorted();
  const inClone = (name: string): string => `${FOLDERS[from]}/${name}`;
  return {
    files: names.filter(isDetection).map(inClone),
    misnamed: names.filter((name) => name.endsWith(".yml")).map(inClone),
  };
}

/** Instruction for a `.yml` file. */
export const renameToYaml = (file: string): string =>
  `only .yaml is read; rename it to ${basename(file).replace(/\.yml$/, ".yaml")}`;

const isDetection = (file: string): boolean => file.endsWith(".yaml") && !file.endsWith(".test.yaml");

function catalogFiles(): DetectionPaths {
  const all = [catalogDetections("shipped"), catalogDetections("local")];
  const shown = (file: string): string => relative(process.cwd(), join(ROOT, file));
  const misnamed = all.flatMap((one) => one.misnamed).map(shown);
  // A clone without detection files still has the catalogue's tools.
  if (misnamed.length === 0 && all.every(({ files }) => files.length === 0)) return { files: [] };
  return outcome(
    all.flatMap(({ files }) => files).map(shown),
    misnamed,
    Object.values(FOLDERS).map(shown).join(" and "),
  );
}

function filesOf(path: string): DetectionPaths {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return { problem: `${path}: there is no such file or folder` };
  if (!stats.isDirectory()) return fileOf(path);
  const names = globSync("**/*.{yaml,yml}", { cwd: path, exclude: isHidden }).toSorted();
  const below = (name: string): string => join(path, name);
  return outcome(names.filter(isDetection).map(below), names.filter((name) => name.endsWith(".yml")).map(below), path);
}

function fileOf(path: string): DetectionPaths {
  if (path.endsWith(".yml")) return { problem: `${path}: ${renameToYaml(path)}` };
  if (path.endsWith(".test.yaml"))
    return { problem: `${path}: this holds the tests of a detection; name ${path.replace(/\.test\.yaml$/, ".yaml")}` };
  if (!path.endsWith(".yaml")) return { problem: `${path}: a detection is a .yaml file` };
  return { files: [path] };
}

function outcome(files: readonly string[], misnamed: readonly string[], where: string): DetectionPaths {
  if (misnamed.length > 0) return { problem: misnamed.map((file) => `${file}: ${renameToYaml(file)}`).join("\n") };
  return files.length > 0 ? { files } : { problem: `${where}: no detection (*.yaml) is there` };
}

function isHidden(path: string): boolean {
  const name = basename(path);
  return name === "node_modules" || (name.startsWith(".") && name !== "." && name !== "..");
}
