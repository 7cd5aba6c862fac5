import { certificateRow, type CertificateRow } from "./certificate-row.ts";
import { HOSTILE_NAMES, type Device } from "./device.ts";
import { fileCreated, processCreated, type EventRow } from "./event-row.ts";
import { CHROME, EXPLORER, powershell, processHash, SERVICES, SYSTEM, USER } from "./process.ts";
import { random } from "./random.ts";
import { LEVEL_SIGNERS } from "./signers.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What is told apart among the devices with Level: by its place among them, so that a few devices show every kind. */
type LevelKind = "plain" | "renamed" | "late" | "hostile" | "untrusted";

function levelKind(place: number): LevelKind {
  if (place % 10 === 1) return "renamed";
  if (place % 10 === 2) return "late";
  if (place % 10 === 4 && hostileName(place) !== undefined) return "hostile";
  return place % 10 === 6 ? "untrusted" : "plain";
}

/** One device of each kind of hostile name in a fleet, however large. */
function hostileName(place: number): string | undefined {
  return HOSTILE_NAMES[(place - 4) / 10];
}

/** The device as its place among those with Level makes it. */
export function levelDevice(device: Device, place: number): Device {
  const kind = levelKind(place);
  if (kind === "hostile") return { ...device, names: [hostileName(place) ?? ""] };
  if (kind === "renamed" && device.names.length === 1)
    return { ...device, names: [`desktop-${device.id.slice(0, 7)}`, ...device.names] };
  return device;
}

/**
 * The Level agent's files on a device, all ingested by `now`. Most were seen in the last five days, some up to twenty days ago;
 * `late`: eight to twelve days ago, ingested at `lateAt`, or within the last hours.
 */
export function levelRows(seed: number, device: Device, place: number, now: number, lateAt?: number): CertificateRow[] {
  const chance = random(seed, "level", device.id);
  const kind = levelKind(place);
  const signer = chance.pick(LEVEL_SIGNERS);
  const isRecent = kind === "late" || chance.next() < 0.7;
  const newest =
    kind === "late"
      ? now - chance.between(8 * 24, 12 * 24) * HOUR
      : now - (isRecent ? chance.between(60, 4 * 24 * 60) : chance.between(6 * 24 * 60, 20 * 24 * 60)) * MINUTE;
  const count = Math.max(device.names.length, chance.between(1, 5));
  return Array.from({ length: count }, (_, older) => {
    const at = newest - older * chance.between(1, 6) * HOUR;
    const ingested =
      kind === "late" ? (lateAt ?? now - chance.between(10, 6 * 60) * MINUTE) : at + chance.between(1, 15) * MINUTE;
    const name = device.names[Math.max(0, device.names.length - 1 - older)];
    return certificateRow(
      {
        device,
        ...(name !== undefined && { name }),
        signer,
        file: chance.between(0, 3),
        trusted: kind !== "untrusted",
        at,
        ingested,
      },
      chance,
    );
  });
}

/** The same for a device that appears at `now`, which is when its rows are ingested: seen within the last half hour, or `late`. */
export function freshLevelRows(seed: number, device: Device, place: number, now: number): CertificateRow[] {
  if (levelKind(place) === "late") return levelRows(seed, device, place, now, now);
  const chance = random(seed, "fresh level", device.id);
  const signer = chance.pick(LEVEL_SIGNERS);
  return device.names.map((name, index) => {
    const at = now - (device.names.length - index) * chance.between(5, 15) * MINUTE;
    const trusted = levelKind(place) !== "untrusted";
    return certificateRow({ device, name, signer, file: chance.between(0, 3), trusted, at, ingested: now }, chance);
  });
}

const PATH = String.raw`C:\Program Files\Level\level.exe`;

/**
 * Who brought Level, and who started it: shortly before its oldest row, and ingested with it, with the certificates of both. Nobody
 * approved any of them.
 */
export function levelArrival(
  seed: number,
  device: Device,
  level: readonly CertificateRow[],
): { readonly rows: readonly CertificateRow[]; readonly events: readonly EventRow[] } {
  const [oldest] = level.toSorted((a, b) => (a.TimeGenerated < b.TimeGenerated ? -1 : 1));
  if (oldest === undefined) return { rows: [], events: [] };
  const chance = random(seed, "level arrives", device.id);
  const process = chance.pick([
    CHROME,
    EXPLORER,
    powershell("cmd.exe", USER),
    powershell("wmiprvse.exe", SYSTEM),
    powershell("svchost.exe", SYSTEM),
  ]);
  const at = Date.parse(oldest.TimeGenerated) - 2 * MINUTE;
  const ingested = Date.parse(oldest.$ingested);
  const moment = { device, at, ingested, began: at - MINUTE };
  const file = { path: PATH, sha1: oldest.SHA1 };
  return {
    rows: [process, SERVICES].map((one) =>
      certificateRow({ device, signer: one.signer ?? "", file: processHash(one), at, ingested }, chance),
    ),
    events: [
      fileCreated(moment, file, process, chance),
      processCreated({ ...moment, at: at + MINUTE }, file, `"${PATH}" --action=service`, SERVICES, chance),
    ],
  };
}
