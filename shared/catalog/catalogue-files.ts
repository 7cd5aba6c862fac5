import { existsSync, readFileSync } from "node:fs";

import type { SourceText } from "./compile-all.ts";
import type { LoadedTools } from "./tools.ts";
import { loadTools } from "./tools.ts";

/** Paths from the project's root, as messages name them. */
export const SHIPPED_TOOLS = "shared/catalog/rmm-tools.yaml";
export const LOCAL_TOOLS = "shared/catalog/local/rmm-tools.yaml";
const TESTS = ["shared/catalog/rmm-tools.test.yaml", "shared/catalog/local/rmm-tools.test.yaml"];

const ROOT = new URL("../../", import.meta.url);

/** The catalogue as it stands on disk, a customer's own file merged in. */
export function readTools(): LoadedTools {
  const local = existsSync(new URL(LOCAL_TOOLS, ROOT)) ? source(LOCAL_TOOLS) : undefined;
  return loadTools(source(SHIPPED_TOOLS), local);
}

/** The tests of tools that stand on disk. */
export const readToolTests = (): readonly SourceText[] =>
  TESTS.filter((file) => existsSync(new URL(file, ROOT))).map(source);

const source = (file: string): SourceText => ({ file, text: readFileSync(new URL(file, ROOT), "utf8") });
