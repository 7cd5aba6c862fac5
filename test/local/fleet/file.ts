import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import type { Fleet } from "./fleet-data.ts";
import { EVENT_TABLES, FLEET_TABLES } from "./event-row.ts";

/** Raised with each change of what a fleet holds. */
const FORMAT = "firstsight-fleet-2";

const Head = z.strictObject({
  format: z.literal(FORMAT),
  seed: z.number(),
  madeAt: z.iso.datetime(),
  size: z.int(),
  levelCount: z.int(),
  silent: z.array(z.strictObject({ table: z.enum(FLEET_TABLES), from: z.iso.datetime() })),
  devices: z.int(),
  rows: z.int(),
  events: z.int(),
  holdings: z.int(),
});

const DeviceLine = z.strictObject({ id: z.string(), names: z.array(z.string()), group: z.string() });

const RowLine = z.strictObject({
  $ingested: z.iso.datetime(),
  TimeGenerated: z.iso.datetime(),
  DeviceId: z.string(),
  DeviceName: z.string(),
  MachineGroup: z.string(),
  SHA1: z.string(),
  IsSigned: z.boolean(),
  IsTrusted: z.boolean(),
  IsRootSignerMicrosoft: z.boolean(),
  SignatureType: z.string(),
  Signer: z.string(),
  SignerHash: z.string(),
  Issuer: z.string(),
  IssuerHash: z.string(),
  CertificateSerialNumber: z.string(),
  ReportId: z.number(),
});

const EventLine = z.strictObject({
  table: z.enum(EVENT_TABLES),
  row: z
    .object({ $ingested: z.iso.datetime(), TimeGenerated: z.iso.datetime(), DeviceId: z.string() })
    .catchall(z.union([z.string(), z.number()])),
});

const HoldingLine = z.strictObject({
  deviceId: z.string(),
  tool: z.string(),
  story: z.string(),
  approval: z.string().exactOptional(),
});

/** Writes the fleet as JSON lines: a head, then devices, rows, events and holdings. Killed at any moment, the file is the old one or the new one. */
export function saveFleet(fleet: Fleet, file: string): void {
  const { devices, rows, events, holdings, ...rest } = fleet;
  const head = {
    format: FORMAT,
    ...rest,
    devices: devices.length,
    rows: rows.length,
    events: events.length,
    holdings: holdings.length,
  };
  const lines = [head, ...devices, ...rows, ...events, ...holdings];
  const written = `${file}.${process.pid}.tmp`;
  const handle = openSync(written, "w");
  try {
    writeFileSync(handle, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(written, file);
  syncFolder(dirname(file));
}

/** @throws {Error} when the file is not a whole fleet: it says which line, and what to do */
export function loadFleet(file: string): Fleet {
  const lines = readFileSync(file, "utf8").split("\n");
  const older = /^\{"format":"(firstsight-fleet-\d+)"/.exec(lines[0] ?? "")?.[1];
  if (older !== undefined && older !== FORMAT)
    throw new Error(
      `${file}:1 is a fleet of the format ${older}, this version knows ${FORMAT}: delete the folder, or choose another --state`,
    );
  const read = <T>(schema: z.ZodType<T>, number: number): T => {
    try {
      return schema.parse(JSON.parse(lines[number] ?? ""));
    } catch (error) {
      throw new Error(`${file}:${number + 1} is no line of a fleet: delete the file, and a new fleet is made`, {
        cause: error,
      });
    }
  };
  const { format: _, devices, rows, events, holdings, ...head } = read(Head, 0);
  let next = 1;
  const list = <T>(schema: z.ZodType<T>, length: number): T[] => Array.from({ length }, () => read(schema, next++));
  return {
    ...head,
    devices: list(DeviceLine, devices),
    rows: list(RowLine, rows),
    events: list(EventLine, events),
    holdings: list(HoldingLine, holdings),
  };
}

/** Makes the rename itself last. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
