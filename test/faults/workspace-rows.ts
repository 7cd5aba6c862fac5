import { SCHEMAS } from "../../shared/kql/schema.ts";
import type { TableData, TableRecord } from "../../shared/kql/table-data.ts";
import { INGESTED, tableOf } from "../../shared/kql/table-data.ts";

const HOUR = 3_600_000;

/** Tables of the stage's workspaces. */
const TABLES = [
  "DeviceFileCertificateInfo",
  "DeviceFileEvents",
  "DeviceProcessEvents",
  "DeviceEvents",
  "DeviceLogonEvents",
] as const;
export type StageTable = (typeof TABLES)[number];

/** A row of a workspace. Milliseconds since the stage's start. */
export interface StageRow {
  readonly table: StageTable;
  readonly at: number;
  /** Default: at once. */
  readonly ingested?: number;
  /** Columns but the times. */
  readonly columns: TableRecord;
}

/** The device whose rows every table always has: one without any row is a silent one. */
const BACKGROUND = { DeviceId: "e".repeat(40), DeviceName: "ws-background", SHA1: "e".repeat(40) };

const HUM: Readonly<Record<StageTable, TableRecord>> = {
  DeviceFileCertificateInfo: { ...BACKGROUND, IsSigned: true, IsTrusted: true, Signer: "Contoso Backup Ltd" },
  DeviceFileEvents: { ...BACKGROUND, ActionType: "FileDeleted" },
  DeviceProcessEvents: { ...BACKGROUND, ActionType: "ProcessCreated" },
  DeviceEvents: { ...BACKGROUND, ActionType: "DpapiAccessed" },
  DeviceLogonEvents: { DeviceId: BACKGROUND.DeviceId, ActionType: "LogonFailed" },
};

/** What a workspace holds: the rows ingested until `now`, and in the hours that are not silent another device's. */
export function workspaceTables(
  rows: readonly StageRow[],
  now: number,
  silent: readonly { readonly from: number; readonly to: number }[],
  date: (ms: number) => Date,
): Readonly<Record<StageTable, TableData>> {
  const hours = Array.from({ length: 8 * 24 }, (_, i) => Math.floor(now / HOUR) * HOUR - i * HOUR).filter(
    (at) => !silent.some(({ from, to }) => at >= from && at < to),
  );
  const shown = Map.groupBy(
    rows.filter(({ at, ingested = at }) => ingested <= now),
    ({ table }) => table,
  );
  // Freshness counts the hours of the certificates; of the others one row says that they can be read.
  const humOf = (table: StageTable): readonly StageRow[] =>
    (table === "DeviceFileCertificateInfo" ? hours : hours.slice(0, 1)).map((at) => ({
      table,
      at,
      columns: HUM[table],
    }));
  const tableFor = (table: StageTable): TableData =>
    tableOf(
      SCHEMAS["log-analytics"][table] ?? [],
      [...humOf(table), ...(shown.get(table) ?? [])].map(({ at, ingested = at, columns }) => ({
        ...columns,
        TimeGenerated: date(at),
        [INGESTED]: date(ingested),
      })),
    );
  return {
    DeviceFileCertificateInfo: tableFor("DeviceFileCertificateInfo"),
    DeviceFileEvents: tableFor("DeviceFileEvents"),
    DeviceProcessEvents: tableFor("DeviceProcessEvents"),
    DeviceEvents: tableFor("DeviceEvents"),
    DeviceLogonEvents: tableFor("DeviceLogonEvents"),
  };
}
