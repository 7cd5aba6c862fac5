const DAY = 86_400_000;

/** The wave row of a detection: tally of the last 24 hours, and the current wave. */
export interface WaveState {
  /** Sightings about to be told, by the hour in which they were counted. May count too high; harmless. */
  readonly tally: readonly { readonly hour: Date; readonly count: number }[];
  readonly wave?: { readonly id: string; readonly openedAt: Date };
}

export const NO_WAVE: WaveState = { tally: [] };

/** How long a wave is open. */
export const WAVE_LENGTH = DAY;

/** Devices of one member message, which is atomic with them: 98 sightings, the message, and one to spare of 100 entities. */
export const MAX_MEMBERS = 98;
