import type { OutboxMessage } from "../sighting.ts";
import type { WaveState } from "../wave.ts";
import type { WriteOutcome } from "./write-outcome.ts";

export interface WaveRecord {
  readonly state: WaveState;
  /** Absent: there is no row yet. */
  readonly etag?: string;
}

/** The wave rows, one a detection (R5). */
export interface WaveReader {
  /** @throws {StateError} {StateNewerError} */
  read(detectionId: string): Promise<WaveRecord>;
}

export interface WaveStore extends WaveReader {
  /** Writes the row in the version that was read, with the header of a wave that it opens: both or none. */
  write(
    detectionId: string,
    state: WaveState,
    etag: string | undefined,
    header: OutboxMessage | undefined,
    now: Date,
  ): Promise<WriteOutcome>;
}
