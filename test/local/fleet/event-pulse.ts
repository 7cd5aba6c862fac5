import type { Device } from "./device.ts";
import { EVENT_TABLES, fileCreated, loggedOn, processCreated, taskCreated, type EventRow } from "./event-row.ts";
import { CHROME, EXPLORER, SERVICES, SYSTEM, USER } from "./process.ts";
import { random, sha1, type Random } from "./random.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A table that shows no row of the horizon counts as silent, and nothing is covered then. */
const PULSE_DAYS = 30;

/** Everyday events that go on arriving, one a table and hour over the 30 days before `now`. Not stored, as with certificates. */
export function eventPulse(seed: number, devices: readonly Device[], now: number): EventRow[] {
  if (devices.length === 0) return [];
  const rows: EventRow[] = [];
  for (let hour = Math.floor((now - PULSE_DAYS * DAY) / HOUR) + 1; hour <= Math.floor(now / HOUR); hour += 1)
    for (const table of EVENT_TABLES) {
      const chance = random(seed, "event pulse", table, hour);
      const at = hour * HOUR + chance.between(0, 40) * MINUTE;
      const ingested = at + chance.between(1, 15) * MINUTE;
      const row = everyday(table, { device: chance.pick(devices), at, ingested, began: at - MINUTE }, chance);
      if (ingested <= now) rows.push(row);
    }
  return rows;
}

function everyday(table: EventRow["table"], moment: Parameters<typeof fileCreated>[0], chance: Random): EventRow {
  const number = chance.between(0, 500);
  const document = {
    path: `C:\\Users\\${USER.account}\\Downloads\\report-${number}.pdf`,
    sha1: sha1("document", number),
  };
  const program = {
    path: String.raw`C:\Windows\System32\svchost.exe`,
    sha1: sha1("file", "Microsoft Windows", "svchost.exe"),
  };
  switch (table) {
    case "DeviceFileEvents":
      return fileCreated(moment, document, chance.pick([CHROME, EXPLORER]), chance);
    case "DeviceProcessEvents":
      return processCreated(moment, program, "svchost.exe -k netsvcs -p", SERVICES, chance);
    case "DeviceEvents":
      return taskCreated(
        moment,
        {
          name: `\\Vendor\\Update ${number}`,
          command: String.raw`C:\Program Files\Vendor\update.exe`,
          arguments: "/check",
        },
        { ...SERVICES, ...SYSTEM },
        chance,
      );
    case "DeviceLogonEvents":
      return loggedOn(moment, { remoteIp: `10.20.3.${1 + (number % 200)}`, ...USER }, chance);
    default:
      throw new TypeError(`no table: ${JSON.stringify(table satisfies never)}`);
  }
}
