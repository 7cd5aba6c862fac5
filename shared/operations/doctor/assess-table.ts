import type { TableFreshness } from "../../core/freshness.ts";
import { blindness, lastDayCount } from "../../core/freshness.ts";
import type { Finding, Reading } from "./finding.ts";
import type { ManagedTable } from "./management.ts";
import type { NeededTable } from "./needed-tables.ts";

/** A table as queries see it. `shares`: share (0 to 1) of the last day's rows with a value in the column. */
export interface TableRows {
  readonly freshness: TableFreshness;
  readonly shares: Readonly<Partial<Record<"Signer" | "SHA1", number>>>;
}

export interface TableReadings {
  readonly workspace: string;
  readonly table: NeededTable;
  readonly rows: Reading<TableRows>;
  readonly managed: Reading<ManagedTable>;
}

export interface TableExpectation {
  readonly now: Date;
  readonly horizonDays: number;
  /** Whether any approval is in force; `undefined`: not known. */
  readonly approvals: boolean | undefined;
}

const CONNECTOR = "connect it in the Microsoft Defender XDR data connector of Sentinel";

/** Findings about a table: from its rows, then from its management. Unreadable tables have one finding for the workspace. Pure. */
export function assessTable(seen: TableReadings, expected: TableExpectation): readonly Finding[] {
  const about = `workspace ${seen.workspace}: ${seen.table.name}`;
  const fault = faultOf(seen.table, expected);
  const hasRows = seen.rows.kind === "read" && seen.rows.value.freshness.hours.length > 0;
  if (seen.rows.kind === "missing" || (seen.managed.kind === "missing" && !hasRows))
    return [{ about, status: fault.status, found: "the table is not there", todo: `${CONNECTOR}${fault.without}` }];
  return [
    ...(seen.rows.kind === "read"
      ? [
          assessRows(about, seen.rows.value, fault, expected.now),
          ...assessColumns(about, seen.table, seen.rows.value, fault, expected.now),
        ]
      : [unqueried(about, seen.rows, fault)]),
    ...(seen.managed.kind === "read" ? assessManaged(about, seen.managed.value, fault, expected.horizonDays) : []),
  ].filter((finding) => finding !== undefined);
}

interface Fault {
  readonly status: "wrong" | "advice";
  readonly without: string;
}

/** How bad a missing table is. Only approvals need evidence: without one in force, messages merely lack the explanation. */
function faultOf({ for: use }: NeededTable, { approvals }: TableExpectation): Fault {
  if (use === "detections") return { status: "wrong", without: "; until then its detections find nothing" };
  return {
    status: approvals === true ? "wrong" : "advice",
    without: "; until then messages lack evidence of it and no approval covers anything",
  };
}

function unqueried(about: string, rows: Reading<TableRows>, fault: Fault): Finding | undefined {
  if (rows.kind !== "failed") return undefined;
  return {
    about,
    status: fault.status,
    found: `it can't be queried: ${rows.reason}`,
    todo: `see its plan and the schema of the table, and ask again${fault.without}`,
  };
}

function assessRows(about: string, { freshness }: TableRows, fault: Fault, now: Date): Finding {
  const newest = freshness.newestRow;
  const blind = blindness(freshness, now);
  if (blind === "silent")
    return {
      about,
      status: fault.status,
      found:
        newest === undefined
          ? "silent: no row in the last 7 days"
          : `silent: its newest row is of ${minute(newest)}, longer ago than usual`,
      todo: `see whether its connector runs and whether you may read the table: one that is protected, or outside the condition of the role, shows no row${fault.without}`,
    };
  const count = lastDayCount(freshness, now);
  return { about, status: "ok", found: `${count} rows in the last day, newest ${newest ? minute(newest) : "unknown"}` };
}

function assessColumns(
  about: string,
  { columns }: NeededTable,
  { freshness, shares }: TableRows,
  fault: Fault,
  now: Date,
): readonly Finding[] {
  const collapsed = blindness(freshness, now) === "signer-collapsed";
  return columns.flatMap((column): readonly Finding[] => {
    const share = shares[column];
    const line = `${about}, ${column}`;
    if (share === undefined) return [];
    const fallen = column === "Signer" && collapsed;
    if (share > 0 && !fallen)
      return [{ about: line, status: "ok", found: `in ${percent(share)} of the last day's rows` }];
    return [
      {
        about: line,
        status: fault.status,
        found:
          share > 0
            ? `in ${percent(share)} of the last day's rows, less than a fifth of what it was before`
            : "empty in all of the last day's rows",
        todo: `see what the ingestion of the table drops (transformations in its data collection rules), and the onboarding of the devices${fault.without}`,
      },
    ];
  });
}

function assessManaged(about: string, managed: ManagedTable, fault: Fault, horizonDays: number): readonly Finding[] {
  const { plan, retentionInDays: days } = managed;
  const unknown = { status: "unseen", found: "the service does not say" } as const;
  return [
    plan === undefined
      ? { about: `${about}, plan`, ...unknown }
      : plan === "Analytics"
        ? { about: `${about}, plan`, status: "ok", found: plan }
        : {
            about: `${about}, plan`,
            status: fault.status,
            found: `${plan}: such a table can't be joined or read over ${horizonDays} days as the queries do`,
            todo: `set its plan to Analytics (az monitor log-analytics workspace table update --plan Analytics)${fault.without}`,
          },
    days === undefined
      ? { about: `${about}, retention`, ...unknown }
      : days >= horizonDays
        ? { about: `${about}, retention`, status: "ok", found: `${days} days; HORIZON_DAYS is ${horizonDays}` }
        : {
            about: `${about}, retention`,
            status: fault.status,
            found: `${days} days, less than HORIZON_DAYS (${horizonDays}): after a longer outage older rows are gone, without any error`,
            todo: `keep it for ${horizonDays} days (az monitor log-analytics workspace table update --retention-time ${horizonDays}), or set HORIZON_DAYS to ${days} at most`,
          },
  ];
}

/** Whole per cent; a share above 0 is never shown as 0. */
const percent = (share: number): string => (share < 0.01 ? "less than 1 %" : `${Math.floor(share * 100)} %`);

const minute = (time: Date): string => `${time.toISOString().slice(0, 16)}Z`;
