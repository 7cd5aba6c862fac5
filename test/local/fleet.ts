import { deviceRows, firstRow, pulse } from "./fleet/background.ts";
import type { CertificateRow } from "./fleet/certificate-row.ts";
import { device, type Device } from "./fleet/device.ts";
import type { Fleet } from "./fleet/fleet-data.ts";
import { eventPulse } from "./fleet/event-pulse.ts";
import { EVENT_TABLES, type EventRow, type FleetTable } from "./fleet/event-row.ts";
import { freshLevelRows, levelArrival, levelDevice, levelRows } from "./fleet/level.ts";
import { castOf } from "./fleet/cast.ts";
import { benignSigners, LEVEL_SIGNERS } from "./fleet/signers.ts";
import { INTUNE_INSTALLS } from "./fleet/story.ts";
import { storyDevice, tellFreshStory, tellStory, type Holding } from "./fleet/tell-story.ts";

export { loadFleet, saveFleet } from "./fleet/file.ts";
export type { CertificateRow } from "./fleet/certificate-row.ts";

/** Simulated devices and what Defender reported of them. Its times are absolute. */
/**
 * A fleet as it stands at `now`: every row is ingested by then. The devices, and which tool each of them holds, depend on `seed`
 * and the number of devices alone. Level first; then each story once; then the roll-out, where there is room for one.
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
  const cast = castOf(seed, size);
  const devices: Device[] = [];
  const rows: CertificateRow[] = [];
  const events: EventRow[] = [];
  const holdings: Holding[] = [];
  for (let number = 0; number < size; number += 1) {
    const place = cast.level.get(number);
    const story = cast.stories.get(number);
    const bare = device(seed, number);
    const made = place !== undefined ? levelDevice(bare, place) : story !== undefined ? storyDevice(bare, story) : bare;
    devices.push(made);
    rows.push(...deviceRows(seed, made, benign, now.getTime()));
    if (place !== undefined) {
      const level = levelRows(seed, made, place, now.getTime());
      const arrival = levelArrival(seed, made, level);
      rows.push(...level, ...arrival.rows);
      events.push(...arrival.events);
      holdings.push(levelHolding(made));
    } else if (story !== undefined) {
      const told = tellStory(seed, made, story, now.getTime());
      rows.push(...told.rows);
      events.push(...told.events);
      holdings.push(...told.holdings);
    }
  }
  return {
    seed,
    madeAt: now.toISOString(),
    size,
    levelCount: cast.level.size,
    silent: [],
    devices,
    rows,
    events,
    holdings,
  };
}

/**
 * The fleet and devices that have appeared since: `level` with Level, `approved` with TeamViewer from Intune, `others` without
 * any tool. Their rows are ingested at `now`, not before; of ten devices with Level one is late: its events are eight to twelve
 * days old.
 */
export function grow(
  fleet: Fleet,
  {
    level,
    approved = 0,
    others,
    now,
  }: { readonly level: number; readonly approved?: number; readonly others: number; readonly now: Date },
): Fleet {
  const { seed } = fleet;
  const benign = benignSigners();
  const devices = [...fleet.devices];
  const rows = [...fleet.rows];
  const events = [...fleet.events];
  const holdings = [...fleet.holdings];
  for (let index = 0; index < level + approved + others; index += 1) {
    const place = fleet.levelCount + index;
    const bare = device(seed, devices.length);
    const made = index < level ? levelDevice(bare, place) : bare;
    if (index < level) {
      const fresh = freshLevelRows(seed, made, place, now.getTime());
      const arrival = levelArrival(seed, made, fresh);
      devices.push(made);
      rows.push(firstRow(seed, made, benign, now.getTime()), ...fresh, ...arrival.rows);
      events.push(...arrival.events);
      holdings.push(levelHolding(made));
    } else if (index < level + approved) {
      const managed = storyDevice(made, INTUNE_INSTALLS);
      const told = tellFreshStory(seed, managed, INTUNE_INSTALLS, now.getTime());
      devices.push(managed);
      rows.push(firstRow(seed, managed, benign, now.getTime()), ...told.rows);
      events.push(...told.events);
      holdings.push(...told.holdings);
    } else {
      devices.push(made);
      rows.push(firstRow(seed, made, benign, now.getTime()));
    }
  }
  return { ...fleet, levelCount: fleet.levelCount + level, devices, rows, events, holdings };
}

/** The fleet with a table that nobody writes to from then on: a connector that was switched off, a role that was lost. */
export const silence = (fleet: Fleet, table: FleetTable, from: Date): Fleet => ({
  ...fleet,
  silent: [...fleet.silent, { table, from: from.toISOString() }],
});

/** The certificates as a query at `now` finds them: what is ingested by then, and the everyday rows that never stop. */
export function rowsAt(fleet: Fleet, now: Date): CertificateRow[] {
  const everyday = pulse(fleet.seed, fleet.devices.slice(0, fleet.size), benignSigners(), now.getTime());
  const shown = shownOf(fleet, "DeviceFileCertificateInfo", now);
  return [...fleet.rows, ...everyday].filter(shown);
}

/** All tables as a query at `now` finds them, each with everyday rows. */
export function tablesAt(fleet: Fleet, now: Date): ReadonlyMap<FleetTable, readonly object[]> {
  const everyday = eventPulse(fleet.seed, fleet.devices.slice(0, fleet.size), now.getTime());
  const byTable = Map.groupBy([...fleet.events, ...everyday], ({ table }) => table);
  return new Map<FleetTable, readonly object[]>([
    ["DeviceFileCertificateInfo", rowsAt(fleet, now)],
    ...EVENT_TABLES.map((table): [FleetTable, readonly object[]] => [
      table,
      (byTable.get(table) ?? []).map(({ row }) => row).filter(shownOf(fleet, table, now)),
    ]),
  ]);
}

/** The truth to check against: ids of the devices with a row of Level ingested by `now`. */
export function levelDevices(fleet: Fleet, now: Date): ReadonlySet<string> {
  const signers: ReadonlySet<string> = new Set(LEVEL_SIGNERS);
  const shown = shownOf(fleet, "DeviceFileCertificateInfo", now);
  return new Set(
    fleet.rows
      .filter(shown)
      .filter(({ Signer }) => signers.has(Signer))
      .map(({ DeviceId }) => DeviceId),
  );
}

/** The same of every tool without an approval: devices that a first run has to tell. */
export const announcedDevices = ({ holdings }: Fleet): ReadonlySet<string> =>
  new Set(holdings.filter(({ approval }) => approval === undefined).map(({ deviceId }) => deviceId));

/** Whether a row of a table is there at `now`. */
function shownOf({ silent }: Fleet, table: FleetTable, now: Date): (row: { readonly $ingested: string }) => boolean {
  const until = now.toISOString(); // one form, so that text compares as time does
  const from = silent.flatMap((one) => (one.table === table ? [one.from] : [])).toSorted()[0];
  return ({ $ingested }) => $ingested <= until && (from === undefined || $ingested < from);
}

const levelHolding = ({ id }: Device): Holding => ({ deviceId: id, tool: "level", story: "Level" });
