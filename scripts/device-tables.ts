import type { Pack } from "../shared/core/pack.ts";

/** Finds the tables of a compiled query: its prelude names each one in `table("…")`. */
const READ = /\btable\("(\w+)"\)/g;

/** Tables that the compiled queries and evidence queries read, sorted: the role on a workspace has to cover them. */
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
