import { SCHEMAS } from "../../../shared/kql/schema.ts";
import type { TableData } from "../../../shared/kql/table-data.ts";
import { tableOf } from "../../../shared/kql/table-data.ts";
import type { Fleet } from "../fleet.ts";
import { rowsAt } from "../fleet.ts";
import { startLogAnalytics } from "../log-analytics/server.ts";
import type { Broker } from "../service-bus/broker.ts";
import { startBroker } from "../service-bus/broker.ts";
import { startTables } from "../tables.ts";
import type { StateFolder } from "./state-folder.ts";

const TABLE = "DeviceFileCertificateInfo";
const WORKSPACE = { name: "soc", id: "00000000-0000-4000-8000-000000000001" };
export const QUEUE = "sightings";

/** What the service runs against, on this machine. */
export interface EmbeddedAzure {
  /** App settings that lead the service here. */
  readonly settings: Readonly<Record<string, string>>;
  readonly broker: Broker;
  close(): Promise<void>;
}

/** Starts the table service, the broker and the Log Analytics stand-in over a fleet; with a folder, all of it is kept there. */
export async function startAzure(fleet: () => Fleet, folder: StateFolder | undefined): Promise<EmbeddedAzure> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closers.toReversed()) await end();
  };
  try {
    const tables = await startTables(folder ? { directory: folder.tables } : {});
    closers.push(() => tables.stop());
    folder?.own(tables.pid);
    // In Azure it is Bicep that makes them.
    await tables.createTables(["Sightings", "Coverage", "Approvals"]);
    const broker = await startBroker({ queues: [QUEUE], ...(folder && { directory: folder.queue }) });
    closers.push(() => broker.close());
    const logAnalytics = await startLogAnalytics({
      now: () => new Date(),
      workspaces: { [WORKSPACE.id]: () => ({ tables: { [TABLE]: rowsOf(fleet()) } }) },
    });
    closers.push(() => logAnalytics.close());
    return {
      settings: {
        LOG_ANALYTICS_WORKSPACES: JSON.stringify([WORKSPACE]),
        LOG_ANALYTICS_ENDPOINT: logAnalytics.endpoint,
        STATE_TABLE_ENDPOINT: tables.connectionString,
        SERVICE_BUS_NAMESPACE: broker.connectionString,
        SERVICE_BUS_QUEUE: QUEUE,
      },
      broker,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

let made: { readonly fleet: Fleet; readonly minute: number; readonly data: TableData } | undefined;

/** What can be read of a fleet now: made anew when the fleet has changed or a minute has passed. */
function rowsOf(fleet: Fleet): TableData {
  const minute = Math.floor(Date.now() / 60_000);
  if (made?.fleet !== fleet || made.minute !== minute)
    made = { fleet, minute, data: tableOf(SCHEMAS["log-analytics"][TABLE] ?? [], rowsAt(fleet, new Date())) };
  return made.data;
}
