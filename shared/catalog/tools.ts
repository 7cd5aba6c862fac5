import { v5 } from "uuid";

import type { FileProblem } from "./file-problem.ts";
import type { SourceText } from "./source-text.ts";
import { localToolsSchema, toolsSchema } from "./tool-schema.ts";
import type { ToolEntry } from "./tool-schema.ts";
import { loadYaml } from "./yaml-file.ts";

/** A tool of the catalogue with its id. */
export interface Tool extends ToolEntry {
  readonly id: string;
}

export type LoadedTools = { readonly tools: readonly Tool[] } | { readonly problems: readonly FileProblem[] };

/** Namespace for ids of tools without a published id. Never change it: every such tool would become a new detection. */
const ID_NAMESPACE = "ad1c17f2-4baa-5584-929f-a89997fd1de4";

/** The id of a tool that has none in the file. The same slug gives the same id, on every machine and in every version. */
export const idOfSlug = (slug: string): string => v5(slug, ID_NAMESPACE);

/**
 * The tools of the shipped catalogue and of the customer's own file. A local tool replaces the shipped one of the same id or slug;
 * local settings change single fields. Sorted by slug. Reports all problems at once.
 */
export function loadTools(shipped: SourceText, local: SourceText | undefined): LoadedTools {
  const standard = loadYaml(shipped.text, shipped.file, toolsSchema);
  const own = local && loadYaml(local.text, local.file, localToolsSchema);
  const problems = [standard, own].flatMap((one) => (one && "problems" in one ? one.problems : []));
  if (problems.length > 0 || "problems" in standard || (own && "problems" in own)) return { problems };

  const clashes = [
    ...duplicates(standard.data.tools, standard.problem),
    ...(own ? duplicates(own.data.tools, own.problem) : []),
  ];
  const added = (own?.data.tools ?? []).map(withId);
  const replaced = new Set(added.flatMap(({ id, slug }) => [id, slug]));
  const remaining = standard.data.tools.map(withId).filter(({ id, slug }) => !replaced.has(id) && !replaced.has(slug));
  const merged = new Map([...remaining, ...added].map((tool) => [tool.slug, tool]));
  for (const [i, { tool: slug, enabled, severity }] of (own?.data.settings ?? []).entries()) {
    const tool = merged.get(slug);
    if (tool === undefined) {
      if (own)
        clashes.push(
          own.problem(["settings", i, "tool"], `there is no tool ${slug}; \`npx firstsight catalog list\` names them`),
        );
      continue;
    }
    if (enabled === true && tool.grade === "not-standalone" && own)
      clashes.push(
        own.problem(["settings", i, "enabled"], `the literals of ${slug} are too common to stand alone: leave it off`),
      );
    merged.set(slug, { ...tool, ...(enabled !== undefined && { enabled }), ...(severity && { severity }) });
  }
  return clashes.length > 0
    ? { problems: clashes }
    : { tools: [...merged.values()].toSorted((a, b) => (a.slug < b.slug ? -1 : 1)) };
}

const withId = (tool: ToolEntry): Tool => ({ ...tool, id: tool.id ?? idOfSlug(tool.slug) });

function duplicates(
  tools: readonly ToolEntry[],
  problem: (path: readonly PropertyKey[], message: string) => FileProblem,
): FileProblem[] {
  const seen = new Map<string, string>();
  return tools.flatMap((tool, i) => {
    const found: FileProblem[] = [];
    for (const [field, key] of [
      ["slug", tool.slug],
      ["id", withId(tool).id],
    ] as const) {
      const first = seen.get(key);
      if (first !== undefined) found.push(problem(["tools", i, field], `${field} ${key} is that of ${first} already`));
      else seen.set(key, tool.slug);
    }
    return found;
  });
}
