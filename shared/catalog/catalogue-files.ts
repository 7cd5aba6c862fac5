import { existsSync, globSync, readFileSync } from "node:fs";

import type { SourceText } from "./source-text.ts";
import type { LoadedTools } from "./tools.ts";
import { loadTools } from "./tools.ts";

/** Paths relative to the project's root, as messages name them. */
const SHIPPED_TOOLS = "shared/catalog/rmm-tools.yaml";
export const LOCAL_TOOLS = "shared/catalog/local/rmm-tools.yaml";
const TESTS = ["shared/catalog/rmm-tools.test.yaml", "shared/catalog/local/rmm-tools.test.yaml"];

const ROOT = new URL("../../", import.meta.url);

/** The catalogue on disk, merged with the customer's own file. */
export function readTools(): LoadedTools {
  const local = existsSync(new URL(LOCAL_TOOLS, ROOT)) ? source(LOCAL_TOOLS) : undefined;
  return loadTools(source(SHIPPED_TOOLS), local);
}

/** The file that defines a tool. */
export function toolFileOf(slug: string): string {
  const shipped = loadTools(source(SHIPPED_TOOLS), undefined);
  const isShipped = "problems" in shipped || shipped.tools.some((tool) => tool.slug === slug);
  return isShipped ? SHIPPED_TOOLS : LOCAL_TOOLS;
}

const APPROVALS = "shared/catalog/approvals";

/** The shipped approval templates, each with its test file where there is one. */
export const readTemplates = (): readonly { readonly template: SourceText; readonly test?: SourceText }[] =>
  globSync("*.yaml", { cwd: new URL(`${APPROVALS}/`, ROOT) })
    .filter((name) => !name.endsWith(".test.yaml"))
    .toSorted()
    .map((name) => {
      const test = `${APPROVALS}/${name.replace(/\.yaml$/, ".test.yaml")}`;
      return {
        template: source(`${APPROVALS}/${name}`),
        ...(existsSync(new URL(test, ROOT)) && { test: source(test) }),
      };
    });

/** The test files of the catalogue's tools. */
export const readToolTests = (): readonly SourceText[] =>
  TESTS.filter((file) => existsSync(new URL(file, ROOT))).map(source);

const source = (file: string): SourceText => ({ file, text: readFileSync(new URL(file, ROOT), "utf8") });
