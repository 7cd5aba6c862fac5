import type { Announce, SaveQuietly } from "../core/decide-write.ts";
import { chunksOf } from "../core/split-list.ts";
import type { Logger } from "../logger.ts";
import type { BatchContext } from "./commit.ts";

/** Sightings of one line: far from the 32,768 characters that Application Insights keeps of a message. */
const IN_ONE_LINE = 50;

/** Device names are unbounded. The state and the messages have the whole name. */
const MAX_NAME = 64;

/** Logs the sightings that a transaction has brought into the state, announced or expected. The workbook counts these lines. */
export function logCommitted(written: readonly (Announce | SaveQuietly)[], batch: BatchContext, log: Logger): void {
  for (const chunk of chunksOf(written, IN_ONE_LINE)) {
    const sightings = chunk.map(({ novelty, sighting, row }) => ({
      deviceId: sighting.deviceId.slice(0, 128),
      deviceName: row.deviceName.slice(0, MAX_NAME),
      novelty,
      disposition: sighting.disposition,
      ...(sighting.approvalId !== undefined && { approvalId: sighting.approvalId }),
    }));
    log.info(
      {
        event: "sightings.committed",
        source: batch.source.name,
        detectionId: batch.detection.id,
        tool: batch.detection.tool,
        ...(batch.wave && { waveId: batch.wave.id, waveOpenedAt: batch.wave.openedAt }),
        sightings,
      },
      "sightings are in the state, and their messages in the outbox",
    );
  }
}
