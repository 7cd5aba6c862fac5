import type { QueryPurpose, ExpectedColumn } from "./query-purpose.ts";
import type { Column } from "./schema.ts";

/** Why a result with these columns does not serve the purpose: a sentence for each column; empty where it does. */
export const resultMisfits = (columns: readonly Column[], purpose: QueryPurpose): readonly string[] =>
  purpose.columns.flatMap((expected) => misfit(columns, expected) ?? []);

function misfit(columns: readonly Column[], { name, types, required }: ExpectedColumn): string | undefined {
  const found = columns.find((column) => column.name === name);
  if (found === undefined) return required === undefined ? undefined : absent(columns, name, required);
  const [best] = types;
  if (best === undefined || types.includes(found.type)) return undefined;
  return required === undefined
    ? `${name} is a ${found.type} in the result and has to be a ${best}; convert it, or give the column another name`
    : `${name} is a ${found.type} in the result and has to be a ${best}; take it as it is in the table`;
}

function absent(columns: readonly Column[], name: string, required: string): string {
  const near = columns.find((column) => column.name.toLowerCase() === name.toLowerCase());
  return near === undefined
    ? `the result has no column ${name}, ${required}; keep it in the last project or summarize … by`
    : `the result has ${near.name} and no column ${name}; names of columns are case-sensitive`;
}
