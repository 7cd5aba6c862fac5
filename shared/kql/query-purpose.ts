import type { Column, Dialect } from "./schema.ts";
import { DEVICE_TABLES, DIALECTS, SCHEMAS } from "./schema.ts";

/** An expected result column. `required`: why it has to exist, as the end of "no column X, …"; absent: it is optional. */
export interface ExpectedColumn {
  readonly name: string;
  /** Accepted types, the best first. */
  readonly types: readonly Column["type"][];
  readonly required?: string;
}

/** The purpose of a query: which tables it may read, in which dialects it has to be valid, which columns it has to answer. */
export interface QueryPurpose {
  /** The query, as the subject of a message. */
  readonly noun: string;
  /** One of its tables, for messages. */
  readonly tableNoun: string;
  readonly tables: readonly string[];
  readonly dialects: readonly Dialect[];
  readonly columns: readonly ExpectedColumn[];
  /** The advice in place of reading tables by pattern or from elsewhere. */
  readonly byName: string;
  /** What a function that reads tables reaches, in messages. */
  readonly beyond: string;
  /** Whether it may end with `render`. */
  readonly mayDraw: boolean;
}

const TIMES: readonly Column["type"][] = ["datetime", "string", "dynamic"];
const NUMBERS: readonly Column["type"][] = ["long", "int", "real", "decimal", "string", "dynamic"];

/** A detection: one row a device, over Device tables, in both dialects. A pack derives its other columns from the result. */
export const DETECTION: QueryPurpose = {
  noun: "a detection",
  tableNoun: "Device table",
  tables: DEVICE_TABLES,
  dialects: DIALECTS,
  columns: [
    { name: "DeviceId", types: ["string"], required: "by which devices are told apart" },
    ...["FirstSeen", "LastSeen", "Timestamp", "TimeGenerated"].map((name) => ({ name, types: TIMES })),
    { name: "Count", types: NUMBERS },
  ],
  byName: "name each Device table, so that the planned window reaches it",
  beyond: "past the planned window",
  mayDraw: false,
};

const OPERATIONS_TABLES = Object.keys(SCHEMAS["log-analytics"]).filter((table) => !DEVICE_TABLES.includes(table));

/** A query of an alert or a workbook, over the tables with this service's own telemetry. */
export const operationsQuery = (columns: readonly ExpectedColumn[] = []): QueryPurpose => ({
  noun: "an alert or a workbook",
  tableNoun: "table of the service's telemetry",
  tables: OPERATIONS_TABLES,
  dialects: ["log-analytics"],
  columns,
  byName: "name each table",
  beyond: "outside of the workspace",
  mayDraw: true,
});
