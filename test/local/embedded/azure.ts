import type { TableClient } from "@azure/data-tables";
import { SCHEMAS } from "../../../shared/kql/schema.ts";
import type { TableData } from "../../../shared/kql/table-data.ts";
import { tableOf } from "../../../shared/kql/table-data.ts";
import type { Fleet } from "../fleet/fleet-data.ts";
import { tablesAt } from "../fleet.ts";
import { startLogAnalytics } from "../../../shared/local/log-analytics/server.ts";
import type { Broker } from "../service-bus/broker.ts";
import { startBroker } from "../service-bus/broker.ts";
import { startTables } from "../tables.ts";
import type { StateFolder } from "./state-folder.ts";

const WORKSPACE = { name: "soc", id: "00000000-0000-4000-8000-000000000001" };
export const QUEUE = "sightings";

/** What the service runs against, on this machine. */
export interface EmbeddedAzure {
  /** App settings that lead the service here. */
  readonly settings: Readonly<Record<string, string>>;
  readonly broker: Broker;
  /** A client of a table of the state. */
  table(name: "Sightings" | "Approvals"): TableClient;
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
      workspaces: { [WORKSPACE.id]: () => ({ tables: dataOf(fleet()) }) },
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
      table: (name) => tables.client(name),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Data = Readonly<Record<string, TableData>>;

let made: { readonly fleet: Fleet; readonly minute: number; readonly data: Data } | undefined;

/** What can be read of a fleet now: made anew when the fleet has changed or a minute has passed. */
function dataOf(fleet: Fleet): Data {
  const minute = Math.floor(Date.now() / 60_000);
  if (made?.fleet !== fleet || made.minute !== minute) {
    const tables = [...tablesAt(fleet, new Date())].map(([table, rows]): [string, TableData] => [
      table,
      tableOf(
        SCHEMAS["log-analytics"][table] ?? [],
        rows.map((row) => ({ ...row })),
      ),
    ]);
    made = { fleet, minute, data: Object.fromEntries(tables) };
  }
  return made.data;
}
