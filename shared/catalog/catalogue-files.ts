import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { SourceText } from "./compile-all.ts";
import type { LoadedTools } from "./tools.ts";
import { loadTools } from "./tools.ts";

/** Paths from the project's root, as messages name them. */
export const SHIPPED_TOOLS = "shared/catalog/rmm-tools.yaml";
export const LOCAL_TOOLS = "shared/catalog/local/rmm-tools.yaml";

const ROOT = new URL("../../", import.meta.url);

/** The catalogue as it stands on disk, a customer's own file merged in. */
export function readTools(): LoadedTools {
  const local = existsSync(fileURLToPath(new URL(LOCAL_TOOLS, ROOT))) ? source(LOCAL_TOOLS) : undefined;
  return loadTools(source(SHIPPED_TOOLS), local);
}

const source = (file: string): SourceText => ({ file, text: readFileSync(new URL(file, ROOT), "utf8") });
