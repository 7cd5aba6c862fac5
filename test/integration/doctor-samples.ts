import { packs } from "../../shared/catalog/generated/packs.ts";
import { neededTables } from "../../shared/operations/doctor/needed-tables.ts";
import { SCHEMAS } from "../../shared/kql/schema.ts";
import type { TableData, TableRecord } from "../../shared/kql/table-data.ts";
import { tableOf } from "../../shared/kql/table-data.ts";
import type { ManagedQueueState, ManagedState, ManagedTableState } from "../local/management/server.ts";
import { DEPLOYED_QUEUE } from "../local/management/server.ts";

export const NOW = new Date("2026-03-10T12:00:00Z");
export const HOUR = 3_600_000;
export const CUSTOMER = "00000000-0000-4000-8000-000000000001";
const GROUP = "/subscriptions/00000000-0000-4000-8000-0000000000aa/resourceGroups/soc/providers";
export const WORKSPACE = `${GROUP}/Microsoft.OperationalInsights/workspaces/soc`;
export const QUEUE = `${GROUP}/Microsoft.ServiceBus/namespaces/soc/queues/sightings`;
export const CERTIFICATES = "DeviceFileCertificateInfo";
export const TABLES = neededTables(packs).map(({ name }) => name);

/** A row an hour, as of `newest`, of the two days before it. */
export function rowsOf(name: string, newest: Date, change: TableRecord = {}): TableData {
  const schema = SCHEMAS["log-analytics"][name] ?? [];
  const columns = new Set(schema.map((column) => column.name));
  const filled = Object.entries({ Signer: "AnyDesk Software GmbH", SHA1: "ab".repeat(20), ...change });
  const rows = Array.from({ length: 48 }, (_, i) => {
    const at = new Date(newest.getTime() - i * HOUR);
    return {
      $ingested: at,
      TimeGenerated: at,
      ...Object.fromEntries(filled.filter(([column]) => columns.has(column))),
    };
  });
  return tableOf(schema, rows);
}
export const allRows = (): Record<string, TableData> =>
  Object.fromEntries(TABLES.map((name) => [name, rowsOf(name, NOW)]));

const ANALYTICS: ManagedTableState = { plan: "Analytics", retentionInDays: 90 };
export function managed(
  change: { table?: Partial<ManagedTableState>; queue?: Partial<ManagedQueueState> } = {},
): ManagedState {
  const tables = Object.fromEntries(TABLES.map((name) => [name, ANALYTICS]));
  tables[CERTIFICATES] = { ...ANALYTICS, ...change.table };
  return {
    workspaces: { [WORKSPACE]: { customerId: CUSTOMER, tables } },
    queues: { [QUEUE]: { ...DEPLOYED_QUEUE, ...change.queue } },
  };
}
