import { certificateRow, type CertificateRow } from "./certificate-row.ts";
import type { Device } from "./device.ts";
import { random, type Random } from "./random.ts";
import { EVERYDAY_SIGNERS } from "./signers.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Rows an hour that the fleet as a whole shows, for ever: a table that nobody writes to looks blind. */
const PULSES_AN_HOUR = 3;
const PULSE_DAYS = 30;

/** What the device has of its own in the seven days before `now`, all ingested by then: everyday files, some not signed. */
export function deviceRows(seed: number, device: Device, benign: readonly string[], now: number): CertificateRow[] {
  const chance = random(seed, "background", device.id);
  const count = chance.between(2, 5);
  return Array.from({ length: count }, (_, index) => {
    const ingested = now - Math.floor(((count - index - chance.next()) / count) * 7 * DAY);
    // The oldest rows of a renamed device carry its first name.
    const name = index === 0 ? device.names[0] : device.names.at(-1);
    return benignRow({ device, ...(name !== undefined && { name }), benign, ingested }, chance);
  });
}

/** What a device without a past shows of itself at `now`. */
export function firstRow(seed: number, device: Device, benign: readonly string[], now: number): CertificateRow {
  return benignRow({ device, benign, ingested: now }, random(seed, "first row", device.id));
}

/**
 * The rows that go on arriving, three an hour over the 30 days before `now`. Not stored: they follow from the hour, so a fleet
 * that was made long ago still looks alive.
 */
export function pulse(
  seed: number,
  devices: readonly Device[],
  benign: readonly string[],
  now: number,
): CertificateRow[] {
  if (devices.length === 0) return [];
  const rows: CertificateRow[] = [];
  for (let hour = Math.floor((now - PULSE_DAYS * DAY) / HOUR); hour <= Math.floor(now / HOUR); hour += 1) {
    const chance = random(seed, "pulse", hour);
    for (let index = 0; index < PULSES_AN_HOUR; index += 1) {
      const ingested = hour * HOUR + Math.floor(((index + chance.next()) / PULSES_AN_HOUR) * HOUR);
      const row = benignRow({ device: chance.pick(devices), benign, ingested }, chance);
      if (ingested <= now) rows.push(row);
    }
  }
  return rows;
}

interface Benign {
  readonly device: Device;
  readonly name?: string;
  readonly benign: readonly string[];
  readonly ingested: number;
}

function benignRow({ benign, ...row }: Benign, chance: Random): CertificateRow {
  const isSigned = chance.next() < 0.93;
  const signer = chance.next() < 0.6 ? chance.pick(EVERYDAY_SIGNERS) : chance.pick(benign);
  const at = row.ingested - chance.between(1, 15) * MINUTE;
  return certificateRow({ ...row, signer: isSigned ? signer : "", file: chance.between(0, 200), at }, chance);
}
