import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import type { Fleet } from "../fleet.ts";

const Head = z.strictObject({
  format: z.literal("firstsight-fleet-1"),
  seed: z.number(),
  madeAt: z.iso.datetime(),
  size: z.int(),
  levelCount: z.int(),
  devices: z.int(),
  rows: z.int(),
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

/** Writes the fleet as JSON lines: a head, then devices, then rows. Killed at any moment, the file is the old one or the new one. */
export function saveFleet(fleet: Fleet, file: string): void {
  const { seed, madeAt, size, levelCount, devices, rows } = fleet;
  const head = {
    format: "firstsight-fleet-1",
    seed,
    madeAt,
    size,
    levelCount,
    devices: devices.length,
    rows: rows.length,
  };
  const written = `${file}.${process.pid}.tmp`;
  const handle = openSync(written, "w");
  try {
    writeFileSync(handle, [head, ...devices, ...rows].map((line) => `${JSON.stringify(line)}\n`).join(""));
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
  const read = <T>(schema: z.ZodType<T>, number: number): T => {
    try {
      return schema.parse(JSON.parse(lines[number] ?? ""));
    } catch (error) {
      throw new Error(`${file}:${number + 1} is no line of a fleet: delete the file, and a new fleet is made`, {
        cause: error,
      });
    }
  };
  const { format: _, devices, rows, ...head } = read(Head, 0);
  return {
    ...head,
    devices: Array.from({ length: devices }, (__, index) => read(DeviceLine, 1 + index)),
    rows: Array.from({ length: rows }, (__, index) => read(RowLine, 1 + devices + index)),
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
