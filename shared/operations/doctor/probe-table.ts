import { kqlDatetime, kqlString } from "../../core/kql-text.ts";
import type { Source } from "../../core/source.ts";
import { drainRecords } from "../../core/source.ts";
import { SourceError } from "../../errors.ts";
import type { Reading } from "./finding.ts";
import type { TableRows } from "./assess-table.ts";
import type { NeededTable } from "./needed-tables.ts";
import { signInReason } from "./sign-in.ts";

const DAY = 86_400_000;

/** The engine's message for an unknown name; any other refusal does not mean a missing table. */
const NO_SUCH_TABLE = /SEM0100|failed to resolve (?:table|entity)/i;

/** Reads the freshness as a run judges it, and the share of filled cells of the columns. */
export async function probeTable(source: Source, table: NeededTable, now: Date): Promise<Reading<TableRows>> {
  try {
    const [freshness = { table: table.name, hours: [] }] = await source.freshness([table.name], now);
    // A table without rows has no shares; its silence is a finding anyway.
    if (freshness.hours.length === 0) return { kind: "read", value: { freshness, shares: {} } };
    return { kind: "read", value: { freshness, shares: await probeShares(source, table, now) } };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const noToken = signInReason(error.cause);
    if (noToken !== undefined) return { kind: "no-login", reason: noToken };
    if (error.kind === "authorisation") return { kind: "denied", reason: error.message };
    if (error.kind === "query" && NO_SUCH_TABLE.test(error.message)) return { kind: "missing" };
    return { kind: "failed", reason: error.message };
  }
}

async function probeShares(source: Source, { name, columns }: NeededTable, now: Date): Promise<TableRows["shares"]> {
  if (columns.length === 0) return {};
  const from = new Date(now.getTime() - DAY);
  const counts = columns.map((column) => `${column} = countif(isnotempty(column_ifexists(${kqlString(column)}, "")))`);
  const query = [
    `table(${kqlString(name)})
| extend At = column_ifexists("Timestamp", column_ifexists("TimeGenerated", datetime(null)))
| where At between (${kqlDatetime(from)} .. ${kqlDatetime(now)})
| summarize Rows = count(), ${counts.join(", ")}`,
  ];
  // Queried as a pack is, with the same retries, timespan and errors.
  const pack = { name: `doctor-${name}`, hash: "", detections: [], tables: [name], query };
  const [first] = drainRecords(await source.query(pack, { from, to: now, since: from, horizon: from }, "all"));
  const { Rows: rows, ...filled } = first ?? {};
  if (typeof rows !== "number" || rows === 0) return {};
  return Object.fromEntries(
    columns.flatMap((column) => {
      const count = filled[column];
      return typeof count === "number" ? [[column, count / rows]] : [];
    }),
  );
}
