import type { Pack } from "../shared/core/pack.ts";

/** A prelude gives each table a name of its own by `table("…")`: so every table that a compiled query reads stands there once. */
const READ = /\btable\("(\w+)"\)/g;

/** Tables that the compiled queries read, evidence among them, in order: what the role on a workspace has to cover. */
export function deviceTables(packs: readonly Pack[]): readonly string[] {
  const named = packs.flatMap(({ tables, query, evidence }) => [
    ...tables,
    ...[query, ...Object.values(evidence ?? {})]
      .flat()
      .flatMap((part) =>
        typeof part === "string" ? [...part.matchAll(READ)].flatMap(([, table]) => table ?? []) : [],
      ),
  ]);
  return [...new Set(named)].toSorted();
}
