import { TableClient } from "@azure/data-tables";
import type { ApprovalsTable } from "../azure/approvals-table.ts";
import { approvalsTable } from "../azure/approvals-table.ts";
import { credentialFor } from "../azure/credential.ts";
import type { Config } from "../config.ts";
import { parseConfig } from "../config.ts";
import type { StoredSighting } from "../core/review.ts";
import { isLoopbackUrl } from "../loopback.ts";
import { packs } from "./packs.ts";
import { readSettings } from "./settings-file.ts";
import { storedSightings } from "./stored-sightings.ts";

/** What the commands about approvals read of the state. */
export interface JudgedState {
  readonly approvals: Pick<ApprovalsTable, "pointer" | "current" | "apply">;
  /** Every sighting of a partition, with its evidence. */
  readonly stored: (partition: string) => AsyncIterable<StoredSighting>;
  /** Slug of a detection's tool; empty for a detection that there is no more. */
  readonly toolOf: (detectionId: string) => string;
}

/** The state that the settings name. */
export async function openState(settingsFile: string): Promise<JudgedState> {
  const config = parseConfig(await readSettings(settingsFile, process.env));
  const tools = new Map((await packs()).flatMap(({ detections }) => detections.map(({ id, tool }) => [id, tool])));
  return {
    approvals: approvalsTable(tableClient(config, "Approvals")),
    stored: storedSightings(tableClient(config, "Sightings")),
    toolOf: (detectionId) => tools.get(detectionId) ?? "",
  };
}

function tableClient({ stateTable, identity }: Config, name: string): TableClient {
  if (stateTable.kind === "loopback")
    return TableClient.fromConnectionString(stateTable.connectionString, name, { allowInsecureConnection: true });
  const { endpoint } = stateTable;
  return new TableClient(endpoint, name, credentialFor(identity, endpoint), {
    allowInsecureConnection: isLoopbackUrl(endpoint),
  });
}
