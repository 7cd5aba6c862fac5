import { z } from "zod";

import type { Position } from "../kql/position.ts";
import { nearest } from "../kql/nearest.ts";
import type { Column } from "../kql/schema.ts";

/** A result column that the file names outside its query: in an entity mapping or a custom detail of the alert. */
export interface MappedColumn extends Position {
  readonly name: string;
  readonly namedIn: "entityMappings" | "customDetails";
}

const content = z.object({
  entityMappings: z
    .array(z.object({ fieldMappings: z.array(z.object({ columnName: z.string() })).default([]) }))
    .nullish(),
  customDetails: z.record(z.string(), z.unknown()).nullish(),
});

/** The result columns that a file's content names; `at` gives the position of a path in it. */
export function mappedColumns(file: unknown, at: (path: readonly PropertyKey[]) => Position): readonly MappedColumn[] {
  const parsed = content.safeParse(file);
  if (!parsed.success) return [];
  const { entityMappings, customDetails } = parsed.data;
  const entities = (entityMappings ?? []).flatMap(({ fieldMappings }, entity) =>
    fieldMappings.map(({ columnName }, field): MappedColumn => ({
      name: columnName,
      namedIn: "entityMappings",
      ...at(["entityMappings", entity, "fieldMappings", field, "columnName"]),
    })),
  );
  const details = Object.entries(customDetails ?? {}).flatMap(([key, name]): readonly MappedColumn[] =>
    typeof name === "string" ? [{ name, namedIn: "customDetails", ...at(["customDetails", key]) }] : [],
  );
  return [...entities, ...details];
}

/** Problems for the columns that the result lacks: they have no effect here, but Sentinel refuses the rule. */
export const unmapped = (
  mapped: readonly MappedColumn[],
  columns: readonly Column[],
): readonly (Position & { readonly message: string })[] => {
  const names = columns.map(({ name }) => name);
  return mapped
    .filter(({ name }) => !names.includes(name))
    .map(({ name, namedIn, line, column }) => {
      const near = nearest(name, names);
      return {
        line,
        column,
        message: `${namedIn} names the column ${name}, which the result lacks: Sentinel refuses the rule; ${near === undefined ? `it has ${names.join(", ")}` : `did you mean ${near}?`}`,
      };
    });
};
