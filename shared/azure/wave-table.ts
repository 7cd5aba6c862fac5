import type { TableClient, TransactionAction } from "@azure/data-tables";
import type { OutboxMessage } from "../core/sighting.ts";
import type { WaveState } from "../core/wave.ts";
import type { WaveRecord, WaveStore } from "../core/stores/wave-store.ts";
import type { WriteOutcome } from "../core/stores/write-outcome.ts";
import { toOutboxEntity } from "./outbox-entity.ts";
import { refuseNewer, SCHEMA_VERSION } from "./schema-version.ts";
import { asStateError, statusOf, submit } from "./transaction.ts";

/** Partition of the wave rows and of the waves' headers. The relay reads it first. */
const WAVE_PARTITION = "wave";

/** The wave rows, one a detection (R5), in the `Sightings` table. */
export function waveTable(table: Pick<TableClient, "getEntity" | "submitTransaction">): WaveStore {
  return {
    async read(detectionId: string): Promise<WaveRecord> {
      try {
        const entity = await table.getEntity(WAVE_PARTITION, detectionId);
        refuseNewer(entity, `${WAVE_PARTITION}/${detectionId}`);
        return { state: toState(entity), etag: entity.etag };
      } catch (error) {
        if (statusOf(error) === 404) return { state: { tally: [] } };
        throw asStateError(error, `the wave of detection ${detectionId} could not be read`);
      }
    },

    /** Writes the row if it is unchanged since it was read, with the header of the wave that it opens, if any: both or none. */
    write(
      detectionId: string,
      { tally, wave }: WaveState,
      etag: string | undefined,
      header: OutboxMessage | undefined,
      now: Date,
    ): Promise<WriteOutcome> {
      const entity = {
        partitionKey: WAVE_PARTITION,
        rowKey: detectionId,
        tally: JSON.stringify(tally.map(({ hour, count }) => [hour.toISOString(), count])),
        schemaVersion: SCHEMA_VERSION,
        ...(wave && { waveId: wave.id, openedAt: wave.openedAt }),
      };
      const write: TransactionAction =
        etag === undefined ? ["create", entity] : ["update", entity, "Replace", { etag }];
      return submit(table, header ? [write, ["create", toOutboxEntity(WAVE_PARTITION, header, now)]] : [write]);
    },
  };
}

function toState(entity: Readonly<Record<string, unknown>>): WaveState {
  const { waveId, openedAt } = entity;
  return {
    tally: toTally(entity["tally"]),
    ...(typeof waveId === "string" && openedAt instanceof Date && { wave: { id: waveId, openedAt } }),
  };
}

/** An unreadable tally counts as empty: a wave opens later, and no announcement is lost. */
function toTally(text: unknown): WaveState["tally"] {
  try {
    const parsed: unknown = JSON.parse(String(text));
    if (!Array.isArray(parsed)) return [];
    return parsed.flatMap((entry: unknown) => {
      if (!Array.isArray(entry) || typeof entry[0] !== "string" || typeof entry[1] !== "number") return [];
      const hour = new Date(entry[0]);
      return Number.isNaN(hour.getTime()) ? [] : [{ hour, count: entry[1] }];
    });
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
