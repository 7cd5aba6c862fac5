import { waveId } from "./message-id.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

export interface Wave {
  /** Also the id of its header's message. */
  readonly id: string;
  readonly openedAt: Date;
}

/** The wave row of a detection: the tally of the last 24 hours, and the current wave. */
export interface WaveState {
  /** Sightings about to be announced, by the hour in which they were counted. May be too high after a crash, which is harmless. */
  readonly tally: readonly { readonly hour: Date; readonly count: number }[];
  readonly wave?: Wave;
}

/** Milliseconds for which a wave is open. */
export const WAVE_LENGTH = DAY;

/** Devices in one message. The devices and the message are one transaction, of at most 100 entities. */
export const MAX_MEMBERS = 98;

/** The result of counting: the row to write, the wave to which the sightings belong, and whether this count opens it. */
export interface Counted {
  readonly state: WaveState;
  readonly wave?: Wave;
  readonly opens: boolean;
  /** Sightings of the last 24 hours, including these. */
  readonly total: number;
}

/** Counts `n` sightings that are about to be announced. Pure. `threshold`: sightings within 24 hours that open a wave. */
export function countAnnouncements(
  detectionId: string,
  before: WaveState,
  n: number,
  threshold: number,
  now: Date,
): Counted {
  const tally = addTo(before.tally, n, now);
  const total = tally.reduce((sum, { count }) => sum + count, 0);
  if (before.wave && isOpen(before.wave, now))
    return { state: { tally, wave: before.wave }, wave: before.wave, opens: false, total };
  if (total < threshold) return { state: { tally }, opens: false, total };
  const wave = { id: waveId(detectionId, now), openedAt: now };
  return { state: { tally, wave }, wave, opens: true, total };
}

/** Whether a wave is open. A wave with an opening time slightly in the future, by another machine's clock, is open too. */
const isOpen = ({ openedAt }: Wave, now: Date): boolean => now.getTime() < openedAt.getTime() + WAVE_LENGTH;

function addTo(tally: WaveState["tally"], n: number, now: Date): WaveState["tally"] {
  const hour = new Date(Math.floor(now.getTime() / HOUR) * HOUR);
  const kept = tally.filter((one) => one.hour.getTime() > now.getTime() - DAY && one.hour.getTime() !== hour.getTime());
  const same = tally.find((one) => one.hour.getTime() === hour.getTime());
  return [...kept, { hour, count: (same?.count ?? 0) + n }];
}
