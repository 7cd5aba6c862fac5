import { deviceRows, firstRow, pulse } from "./fleet/background.ts";
import type { CertificateRow } from "./fleet/certificate-row.ts";
import { device, type Device } from "./fleet/device.ts";
import { freshLevelRows, levelDevice, levelRows } from "./fleet/level.ts";
import { random } from "./fleet/random.ts";
import { benignSigners, LEVEL_SIGNERS } from "./fleet/signers.ts";

export { loadFleet, saveFleet } from "./fleet/file.ts";
export type { CertificateRow } from "./fleet/certificate-row.ts";

/** Simulated devices and what Defender reported of them. Its times are absolute. */
export interface Fleet {
  readonly seed: number;
  /** When it was made, ISO. */
  readonly madeAt: string;
  /** How many devices it was made with; the first ones. */
  readonly size: number;
  /** Those with Level so far, in all steps: numbers the kinds on. */
  readonly levelCount: number;
  readonly devices: readonly Device[];
  readonly rows: readonly CertificateRow[];
}

/** One device in fifty has Level, and at least five have: one of each kind. */
const LEVEL_SHARE = 1 / 50;
const LEVEL_LEAST = 5;

/**
 * A fleet as it stands at `now`: every row is ingested by then. The devices, and which of them hold Level, depend on `seed` and
 * the number of devices alone.
 */
export function makeFleet({
  devices: size,
  seed,
  now,
}: {
  readonly devices: number;
  readonly seed: number;
  readonly now: Date;
}): Fleet {
  const benign = benignSigners();
  const places = new Map(levelNumbers(seed, size).map((number, place) => [number, place]));
  const devices: Device[] = [];
  const rows: CertificateRow[] = [];
  for (let number = 0; number < size; number += 1) {
    const place = places.get(number);
    const made = place === undefined ? device(seed, number) : levelDevice(device(seed, number), place);
    devices.push(made);
    rows.push(...deviceRows(seed, made, benign, now.getTime()));
    if (place !== undefined) rows.push(...levelRows(seed, made, place, now.getTime()));
  }
  return { seed, madeAt: now.toISOString(), size, levelCount: places.size, devices, rows };
}

/**
 * The fleet and devices that have appeared since: `level` with Level, `others` without. Their rows are ingested at
 * `now`, not before; of ten devices with Level one is late: its events are eight to twelve days old.
 */
export function grow(
  fleet: Fleet,
  { level, others, now }: { readonly level: number; readonly others: number; readonly now: Date },
): Fleet {
  const { seed } = fleet;
  const benign = benignSigners();
  const devices = [...fleet.devices];
  const rows = [...fleet.rows];
  for (let index = 0; index < level + others; index += 1) {
    const place = fleet.levelCount + index;
    const bare = device(seed, devices.length);
    const made = index < level ? levelDevice(bare, place) : bare;
    devices.push(made);
    rows.push(firstRow(seed, made, benign, now.getTime()));
    if (index < level) rows.push(...freshLevelRows(seed, made, place, now.getTime()));
  }
  return { ...fleet, levelCount: fleet.levelCount + level, devices, rows };
}

/** The table as a query at `now` finds it: what is ingested by then, and the everyday rows that never stop. */
export function rowsAt(fleet: Fleet, now: Date): CertificateRow[] {
  return [
    ...ingestedBy(fleet, now),
    ...pulse(fleet.seed, fleet.devices.slice(0, fleet.size), benignSigners(), now.getTime()),
  ];
}

/** The truth to check against: ids of the devices with a row of Level ingested by `now`. */
export function levelDevices(fleet: Fleet, now: Date): ReadonlySet<string> {
  const signers: ReadonlySet<string> = new Set(LEVEL_SIGNERS);
  return new Set(
    ingestedBy(fleet, now)
      .filter(({ Signer }) => signers.has(Signer))
      .map(({ DeviceId }) => DeviceId),
  );
}

function ingestedBy(fleet: Fleet, now: Date): CertificateRow[] {
  const until = now.toISOString(); // one form, so that text compares as time does
  return fleet.rows.filter(({ $ingested }) => $ingested <= until);
}

/** The numbers of the devices with Level, in the order of their place. */
function levelNumbers(seed: number, size: number): number[] {
  const wanted = Math.min(size, Math.max(LEVEL_LEAST, Math.round(size * LEVEL_SHARE)));
  const chance = random(seed, "who holds level", size);
  const chosen = new Set<number>();
  while (chosen.size < wanted) chosen.add(chance.between(0, size));
  return [...chosen];
}
