import type { Pack } from "../../core/pack.ts";
import { DEVICE_TABLES, SCHEMAS } from "../../kql/schema.ts";

export interface NeededTable {
  readonly name: string;
  /** `detections`: without it nothing is found. `evidence`: without it no approval covers anything. */
  readonly for: "detections" | "evidence";
  /** Which of the columns that the catalogue's queries depend on the table has. */
  readonly columns: readonly ("Signer" | "SHA1")[];
}

/** The tables of the packs' queries and of their evidence queries, those of detections first. */
export function neededTables(packs: readonly Pack[]): readonly NeededTable[] {
  const detections = new Set(packs.flatMap(({ tables }) => tables));
  const evidence = new Set(packs.flatMap(({ evidence: queries }) => (queries ? tablesIn(Object.values(queries)) : [])));
  return [
    ...[...detections].toSorted().map((name) => needed(name, "detections")),
    ...[...evidence.difference(detections)].toSorted().map((name) => needed(name, "evidence")),
  ];
}

function needed(name: string, use: NeededTable["for"]): NeededTable {
  const columns = new Set(SCHEMAS["log-analytics"][name]?.map((column) => column.name));
  return { name, for: use, columns: (["Signer", "SHA1"] as const).filter((column) => columns.has(column)) };
}

/** Tables in compiled queries: in the compiler's text a table's name is a separate word and occurs nowhere else. */
function tablesIn(queries: readonly Pack["query"][]): readonly string[] {
  const text = queries.map((query) => query.filter((part) => typeof part === "string").join("")).join("\n");
  const tokens = new Set(text.match(/\b\w+\b/g));
  return DEVICE_TABLES.filter((name) => tokens.has(name));
}
