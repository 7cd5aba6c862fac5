import type { TableClient } from "@azure/data-tables";
import { approvalsTable } from "../../../shared/azure/approvals-table.ts";
import { sightingsTable } from "../../../shared/azure/sightings-table.ts";
import type { SightingRecord } from "../../../shared/core/stores/sightings-store.ts";
import { partitionsOf } from "../../../shared/core/slice.ts";
import type { Fleet } from "../fleet.ts";
import { approvalsOf } from "../fleet/approvals.ts";

/**
 * Puts the approvals of the fleet's owner in, unless a set has been put in before: what an operator has changed since stays.
 * Returns how many, 0 where it left them alone.
 * @throws {Error} where somebody else applies a set at the same moment
 */
export async function applyOnce(table: TableClient, fleet: Fleet, now: Date): Promise<number> {
  const approvals = approvalsTable(table);
  const stored = (await approvals.pointer()) ?? 0;
  if (stored > 0) return 0;
  const made = approvalsOf(fleet, now);
  const applied = await approvals.apply(made, stored);
  if (applied.kind === "conflict") throw new Error("somebody else puts approvals into this state at the same moment");
  return made.length;
}

/** The sightings that were found to be expected from an instant on, by the id of their approval. */
export async function expectedSince(
  table: TableClient,
  since: Date,
): Promise<ReadonlyMap<string, readonly SightingRecord[]>> {
  const found: SightingRecord[] = [];
  for (const partition of partitionsOf("all"))
    for await (const sighting of sightingsTable(table).stored(partition, { expectedOr: [] }))
      if (sighting.decidedAt >= since) found.push(sighting);
  return Map.groupBy(found, ({ approvalId }) => approvalId ?? "");
}
