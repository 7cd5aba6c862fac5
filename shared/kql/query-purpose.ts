import type { Column, Dialect } from "./schema.ts";
import { DEVICE_TABLES, DIALECTS, SCHEMAS } from "./schema.ts";

/** A column of a result, where it is there. `required` says why it has to be, as the end of "no column X, …". */
export interface ExpectedColumn {
  readonly name: string;
  /** Types that will do, the best first. */
  readonly types: readonly Column["type"][];
  readonly required?: string;
}

/** What a query is for: the tables that it may read, where it has to be valid, and what it has to answer. */
export interface QueryPurpose {
  /** As the subject of a message. */
  readonly noun: string;
  /** One of its tables, in messages. */
  readonly tableNoun: string;
  readonly tables: readonly string[];
  readonly dialects: readonly Dialect[];
  readonly columns: readonly ExpectedColumn[];
  /** What to do instead of reading tables by pattern or from elsewhere. */
  readonly byName: string;
  /** Where a table goes that is read by a function, and not by its name. */
  readonly beyond: string;
  /** `render` may end it. */
  readonly mayDraw: boolean;
}

const TIMES: readonly Column["type"][] = ["datetime", "string", "dynamic"];
const NUMBERS: readonly Column["type"][] = ["long", "int", "real", "decimal", "string", "dynamic"];

/** One row a device, over Device tables, in both dialects. What else a pack answers is made from what the result has. */
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

/** An alert's or a workbook's query over the tables that hold this service's own telemetry. */
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
