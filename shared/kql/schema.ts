import defenderXdr from "./schemas/defender-xdr.json" with { type: "json" };
import logAnalytics from "./schemas/log-analytics.json" with { type: "json" };
import operations from "./schemas/operations.json" with { type: "json" };

/** The two services with the same Device tables and slightly different columns. */
export type Dialect = "log-analytics" | "defender-xdr";

export const DIALECTS: readonly Dialect[] = ["log-analytics", "defender-xdr"];

/** Scalar types of a column, as the query API names them. */
export const COLUMN_TYPES = [
  "string",
  "int",
  "long",
  "real",
  "bool",
  "datetime",
  "timespan",
  "dynamic",
  "guid",
  "decimal",
] as const;
type ColumnType = (typeof COLUMN_TYPES)[number];

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** Columns by table, in the order of the reference. */
export type Schema = Readonly<Record<string, readonly Column[]>>;

/** Tables of a dialect. Source: the Azure Monitor table reference, the advanced hunting schema. */
export const SCHEMAS: Readonly<Record<Dialect, Schema>> = {
  "log-analytics": { ...toSchema(logAnalytics), ...toSchema(operations) },
  "defender-xdr": toSchema(defenderXdr),
};

/** Tables that a detection may read. */
export const DEVICE_TABLES: readonly string[] = Object.keys(logAnalytics);

function toSchema(tables: Readonly<Record<string, Readonly<Record<string, string>>>>): Schema {
  return Object.fromEntries(
    Object.entries(tables).map(([table, columns]) => [
      table,
      Object.entries(columns).map(([name, type]) => ({ name, type: toType(type, `${table}.${name}`) })),
    ]),
  );
}

function toType(type: string, where: string): ColumnType {
  const found = COLUMN_TYPES.find((known) => known === type);
  if (found === undefined) throw new TypeError(`${where}: column type ${type} is none of ${COLUMN_TYPES.join(", ")}`);
  return found;
}
