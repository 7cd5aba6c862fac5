import type { OutboxMessage } from "../sighting.ts";
import type { WaveState } from "../wave.ts";
import type { WriteOutcome } from "./write-outcome.ts";

/** The wave row of a detection, with its ETag. */
export interface WaveRecord {
  readonly state: WaveState;
  /** Absent: there is no row yet. */
  readonly etag?: string;
}

/** Reads of the wave rows, one a detection (R5). */
export interface WaveReader {
  /** Reads the wave row of a detection. @throws {StateError} {StateNewerError} */
  read(detectionId: string): Promise<WaveRecord>;
}

/** The wave rows. */
export interface WaveStore extends WaveReader {
  /** Writes the row if it is unchanged since it was read, with the header of the wave that it opens, if any: both or none. */
  write(
    detectionId: string,
    state: WaveState,
    etag: string | undefined,
    header: OutboxMessage | undefined,
    now: Date,
  ): Promise<WriteOutcome>;
}
