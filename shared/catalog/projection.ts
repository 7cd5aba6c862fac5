import type { QueryPart } from "../core/pack.ts";
import type { Column } from "../kql/schema.ts";

/** The last operator of a query, which gives its rows the columns of a `Pack`, and warnings about values it had to supply. */
export interface Projection {
  readonly parts: readonly QueryPart[];
  readonly warnings: readonly string[];
}

/** The projection for a result with these columns, which include DeviceId. */
export function projection(columns: readonly Column[]): Projection {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const first = ["FirstSeen", "Timestamp", "TimeGenerated", "LastSeen"].find((name) => types.has(name));
  const last = ["LastSeen", "Timestamp", "TimeGenerated", "FirstSeen"].find((name) => types.has(name));
  const time = (name: string | undefined): QueryPart =>
    name === undefined ? { instant: "to" } : types.get(name) === "datetime" ? name : `todatetime(${name})`;
  return {
    parts: [
      "\n| project DeviceId = tolower(tostring(DeviceId)), DeviceName = ",
      types.has("DeviceName") ? "tostring(DeviceName)" : '""',
      ", FirstSeen = ",
      time(first),
      ", LastSeen = ",
      time(last),
      `, Report = ${report(types)}, Count = ${types.has("Count") ? "tolong(Count)" : "long(1)"}`,
    ],
    warnings:
      first === undefined
        ? [
            "the result has no time (FirstSeen, LastSeen, Timestamp or TimeGenerated): the end of the window stands for it, so returns are found late or never",
          ]
        : [],
  };
}

/** JSON text of an id: as a number, a client would lose digits beyond 2^53. */
function report(types: ReadonlyMap<string, string>): string {
  const name = ["Report", "ReportId"].find((known) => types.has(known));
  if (name === undefined) return '"[]"';
  if (types.get(name) === "dynamic") return `tostring(${name})`;
  if (types.get(name) === "string") return `iff(${name} startswith "[", ${name}, tostring(pack_array(${name})))`;
  return `tostring(pack_array(tostring(${name})))`;
}
