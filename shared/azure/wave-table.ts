import type { TableClient, TransactionAction } from "@azure/data-tables";
import type { OutboxMessage } from "../core/sighting.ts";
import type { WaveState } from "../core/wave.ts";
import type { WaveRecord, WaveStore } from "../core/stores/wave-store.ts";
import type { WriteOutcome } from "../core/stores/write-outcome.ts";
import { toOutboxEntity } from "./outbox-entity.ts";
import { refuseNewer, SCHEMA_VERSION } from "./schema-version.ts";
import { asStateError, statusOf, submit } from "./transaction.ts";

/** Headers lie in the partition of their wave's row, and the relay reads it first. */
const WAVE_PARTITION = "wave";

/** The wave rows, in the `Sightings` table: one a detection (R5). */
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

    /** Writes the row as it was read, with the header of a wave that it opens: both or none. */
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

/** A tally that can't be read counts from nothing: a wave opens later, and nothing is lost by it. */
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
