import type { BatchContext } from "./commit.ts";
import type { SaveQuietly, Announce } from "../core/decide-write.ts";
import type { Logger } from "../logger.ts";

/** Sightings of one line: far from the 32,768 characters that Application Insights keeps of a message. */
const IN_ONE_LINE = 50;

/** Names are the device's own; the state and the messages have the whole one. */
const MAX_NAME = 64;

/** Says which sightings a transaction has brought into the state, told or expected: what the workbook counts. */
export function logCommitted(written: readonly (Announce | SaveQuietly)[], batch: BatchContext, log: Logger): void {
  for (let from = 0; from < written.length; from += IN_ONE_LINE) {
    const sightings = written.slice(from, from + IN_ONE_LINE).map(({ novelty, sighting, row }) => ({
      deviceId: sighting.deviceId.slice(0, 128),
      deviceName: row.deviceName.slice(0, MAX_NAME),
      novelty,
      disposition: sighting.disposition,
      ...(sighting.approvalId !== undefined && { approvalId: sighting.approvalId }),
    }));
    log.info(
      {
        event: "sightings.committed",
        workspace: batch.workspace.name,
        detectionId: batch.detection.id,
        tool: batch.detection.tool,
        ...(batch.wave && { waveId: batch.wave.id, waveOpenedAt: batch.wave.openedAt }),
        sightings,
      },
      "sightings are in the state, and those to be told in the outbox",
    );
  }
}
