import { dateOfTicks } from "../shared/kql/datetime.ts";
import { formatJson } from "../shared/kql/dynamic.ts";
import type { QueryResult } from "../shared/kql/interpret.ts";
import { isList, isMap } from "../shared/kql/value.ts";

/** An interpreted result as the SDK hands it to a run: times as Date, dynamics as JSON text. */
export function decodeRecords({ columns, rows }: QueryResult): readonly Readonly<Record<string, unknown>>[] {
  return rows.map((row) =>
    Object.fromEntries(
      columns.map(({ name, type }, i) => {
        const value = row[i] ?? null;
        if (type === "datetime" && typeof value === "bigint") return [name, dateOfTicks(value)];
        return [name, isList(value) || isMap(value) ? formatJson(value) : value];
      }),
    ),
  );
}
