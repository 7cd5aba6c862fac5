/** A query as data: printed as KQL for the interpreter, and evaluated by the reference. */

export type Type = "long" | "string" | "bool" | "real" | "datetime" | "dynamic";

/** Long → bigint, real → number, datetime → `{ ticks }`; a dynamic is any of these, a list, or a bag. Strings are never null. */
export type Cell = null | string | boolean | number | bigint | Instant | readonly Cell[] | Bag;
export interface Instant {
  readonly ticks: bigint;
}
interface Bag {
  readonly bag: readonly (readonly [string, Cell])[];
}

export interface Column {
  readonly name: string;
  readonly type: Type;
  /** A list whose order nothing promises. */
  readonly unordered?: true;
}

export type Expr =
  | { readonly kind: "column"; readonly name: string; readonly type: Type }
  | { readonly kind: "literal"; readonly value: Cell; readonly type: Type }
  | { readonly kind: "call"; readonly op: Op; readonly args: readonly Expr[]; readonly type: Type };

export type Op =
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "bin"
  | "strcat"
  | "toupper"
  | "strlen"
  | "tostring"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "=~"
  | "contains"
  | "startswith"
  | "in"
  | "and"
  | "or"
  | "not"
  | "isnull"
  | "isempty"
  | "iff"
  | "coalesce"
  | "tomorrow"
  | "half"
  | "pack_array";

export interface Named {
  readonly name: string;
  readonly expr: Expr;
}

export interface SortKey {
  readonly column: string;
  readonly descending: boolean;
  readonly nulls?: "first" | "last";
}

export type Aggregate =
  | {
      readonly fn: "count" | "countif" | "sum" | "sumif" | "avg" | "min" | "max";
      readonly name: string;
      readonly args: readonly Expr[];
    }
  | {
      readonly fn: "dcount" | "make_set" | "make_list" | "take_any";
      readonly name: string;
      readonly args: readonly Expr[];
    }
  /** Two columns under their own names. */
  | { readonly fn: "arg_max" | "arg_min"; readonly by: string; readonly of: string };

export const JOIN_KINDS = [
  "innerunique",
  "inner",
  "leftouter",
  "rightouter",
  "fullouter",
  "leftsemi",
  "leftanti",
  "rightsemi",
  "rightanti",
] as const;
type JoinKind = (typeof JOIN_KINDS)[number];

export interface On {
  readonly left: string;
  readonly right: string;
}

export type Step =
  | { readonly op: "where"; readonly predicate: Expr }
  | { readonly op: "extend"; readonly columns: readonly Named[] }
  | { readonly op: "project"; readonly columns: readonly Named[] }
  | { readonly op: "summarize"; readonly aggregates: readonly Aggregate[]; readonly by: readonly string[] }
  | { readonly op: "distinct"; readonly columns: readonly string[] }
  | { readonly op: "sort"; readonly keys: readonly SortKey[] }
  | { readonly op: "top"; readonly n: number; readonly key: SortKey }
  | { readonly op: "take"; readonly n: number }
  | { readonly op: "count" }
  | { readonly op: "join"; readonly kind: JoinKind | undefined; readonly right: Query; readonly on: readonly On[] }
  | {
      readonly op: "lookup";
      readonly kind: "leftouter" | "inner" | undefined;
      readonly right: Query;
      readonly on: readonly On[];
    }
  | {
      readonly op: "union";
      readonly kind: "inner" | "outer" | undefined;
      readonly others: readonly Query[];
      readonly source?: string;
    }
  | { readonly op: "mv-expand"; readonly column: string; readonly to?: "long" | "string" };

export interface Query {
  readonly table: string;
  readonly steps: readonly Step[];
}
