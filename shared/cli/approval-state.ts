import type { ApprovalsStore } from "../core/stores/approvals-store.ts";
import { approvalsTable } from "../azure/approvals-table.ts";
import { sightingsTable } from "../azure/sightings-table.ts";
import { tableClient } from "../azure/table-client.ts";
import type { StoredSighting } from "../core/review.ts";
import { packs } from "./packs.ts";
import { readConfig } from "./settings-file.ts";

/** The parts of the state that the approval commands use. */
export interface ApprovalState {
  readonly approvals: Pick<ApprovalsStore, "pointer" | "current" | "apply">;
  /** All sightings of a partition, with their evidence. */
  readonly stored: (partition: string) => AsyncIterable<StoredSighting>;
  /** Slug of a detection's tool; empty for a detection that no longer exists. */
  readonly toolOf: (detectionId: string) => string;
}

/** Opens the state that the settings name. */
export async function openState(settingsFile: string): Promise<ApprovalState> {
  const config = await readConfig(settingsFile, process.env);
  const tools = new Map((await packs()).flatMap(({ detections }) => detections.map(({ id, tool }) => [id, tool])));
  const sightings = sightingsTable(tableClient(config, "Sightings"));
  return {
    approvals: approvalsTable(tableClient(config, "Approvals")),
    stored: (partition) => sightings.stored(partition),
    toolOf: (detectionId) => tools.get(detectionId) ?? "",
  };
}
