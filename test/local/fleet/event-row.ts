import type { Device } from "./device.ts";
import { fileName, processHash, type Process } from "./process.ts";
import { sha1, type Random } from "./random.ts";

/** The tables of events beside the certificates. */
export const EVENT_TABLES = ["DeviceFileEvents", "DeviceProcessEvents", "DeviceEvents", "DeviceLogonEvents"] as const;

/** All that a fleet fills. */
export const FLEET_TABLES = ["DeviceFileCertificateInfo", ...EVENT_TABLES] as const;
export type FleetTable = (typeof FLEET_TABLES)[number];

/** A row as Log Analytics has it, of the columns that are read of it; the rest is empty. `$ingested` as with certificates. */
export interface EventRow {
  readonly table: (typeof EVENT_TABLES)[number];
  readonly row: Readonly<Record<string, string | number>> & {
    readonly $ingested: string;
    readonly TimeGenerated: string;
    readonly DeviceId: string;
  };
}

/** Where and when. */
export interface Moment {
  readonly device: Device;
  /** Event time, and ingestion: milliseconds since 1970. */
  readonly at: number;
  readonly ingested: number;
  /** When the initiator began: the same for all that one process does. */
  readonly began: number;
}

/** A file on a device. */
export interface File {
  readonly path: string;
  readonly sha1: string;
}

export const fileCreated = (moment: Moment, file: File, process: Process, chance: Random): EventRow => ({
  table: "DeviceFileEvents",
  row: { ...common(moment, chance), ActionType: "FileCreated", ...fileColumns(file), ...initiator(moment, process) },
});

export const processCreated = (
  moment: Moment,
  file: File,
  command: string,
  process: Process,
  chance: Random,
): EventRow => ({
  table: "DeviceProcessEvents",
  row: {
    ...common(moment, chance),
    ActionType: "ProcessCreated",
    ...fileColumns(file),
    ProcessCommandLine: command,
    ProcessId: chance.between(1_000, 60_000),
    ProcessCreationTime: new Date(moment.at).toISOString(),
    AccountSid: process.sid,
    AccountName: process.account,
    ...initiator(moment, process),
  },
});

/** The form of AdditionalFields is what queries of others parse; no raw row was found. */
export const taskCreated = (
  moment: Moment,
  task: { readonly name: string; readonly command: string; readonly arguments: string },
  process: Process,
  chance: Random,
): EventRow => ({
  table: "DeviceEvents",
  row: {
    ...common(moment, chance),
    ActionType: "ScheduledTaskCreated",
    AdditionalFields: JSON.stringify({
      TaskName: task.name,
      TaskContent: JSON.stringify({ Actions: { Exec: { Command: task.command, Arguments: task.arguments } } }),
      SubjectUserName: process.account,
    }),
    ...initiator(moment, process),
  },
});

export const loggedOn = (
  moment: Moment,
  { remoteIp, sid, account }: { readonly remoteIp: string; readonly sid: string; readonly account: string },
  chance: Random,
): EventRow => ({
  table: "DeviceLogonEvents",
  row: {
    ...common(moment, chance),
    ActionType: "LogonSuccess",
    LogonType: "Network",
    RemoteIP: remoteIp,
    AccountSid: sid,
    AccountName: account,
  },
});

const common = ({ device, at, ingested }: Moment, chance: Random) => ({
  $ingested: new Date(ingested).toISOString(),
  TimeGenerated: new Date(at).toISOString(),
  DeviceId: device.id,
  DeviceName: device.names.at(-1) ?? "",
  MachineGroup: device.group,
  ReportId: chance.between(1_000, 50_000),
});

/** FolderPath holds the file's name, as in observed rows. */
const fileColumns = ({ path, sha1: hash }: File) => ({ FileName: fileName(path), FolderPath: path, SHA1: hash });

function initiator({ device, began }: Moment, process: Process) {
  return {
    InitiatingProcessFileName: fileName(process.path),
    InitiatingProcessFolderPath: process.path.toLowerCase(),
    InitiatingProcessSHA1: processHash(process),
    InitiatingProcessCommandLine: process.command,
    InitiatingProcessId: 1_000 + (Number.parseInt(sha1(device.id, process.path).slice(0, 6), 16) % 60_000),
    InitiatingProcessCreationTime: new Date(began).toISOString(),
    InitiatingProcessParentFileName: process.parent,
    InitiatingProcessAccountSid: process.sid,
    InitiatingProcessAccountName: process.account,
    InitiatingProcessVersionInfoCompanyName: process.company,
  };
}
