import type { TableEntityResult, TransactionAction } from "@azure/data-tables";
import type { Advance, CoverageRecord, DetectionRecord, Marks } from "../core/stores/coverage-store.ts";
import { StateError } from "../errors.ts";
import { SCHEMA_VERSION } from "./schema-version.ts";

export const RECHECK_POSITION = "recheck-position";

/**
 * The write that moves a unit forward, never backwards under the same pack. `undefined`: another version of the pack has marked
 * the unit since the plan.
 */
export function toAdvanceAction(advance: Advance, stored: CoverageRecord | undefined): TransactionAction | undefined {
  if (stored && stored.packHash !== advance.packHash && stored.packHash !== advance.priorHash) return undefined;
  const forward =
    stored?.packHash === advance.packHash && stored.coveredTo > advance.coveredTo
      ? stored.coveredTo
      : advance.coveredTo;
  const gapEnd = latest(stored?.gapEnd, advance.gapEnd);
  const entity = {
    partitionKey: "unit",
    rowKey: advance.key,
    coveredTo: forward,
    packHash: advance.packHash,
    sliced: advance.sliced,
    cut: advance.cut,
    schemaVersion: SCHEMA_VERSION,
    ...(gapEnd && { gapEnd }),
  };
  return stored ? ["update", entity, "Replace", { etag: stored.etag }] : ["create", entity];
}

const latest = (a: Date | undefined, b: Date | undefined): Date | undefined => (a && b ? (a > b ? a : b) : (a ?? b));

export function toUnit(entity: TableEntityResult<Record<string, unknown>>): CoverageRecord {
  const { coveredTo, gapEnd } = entity;
  if (!(coveredTo instanceof Date))
    throw new StateError(
      `the Coverage row ${String(entity["rowKey"])} has no coveredTo; it was changed by hand: delete it, and the unit reads the whole horizon`,
    );
  return {
    coveredTo,
    packHash: String(entity["packHash"]),
    sliced: entity["sliced"] === true,
    cut: entity["cut"] === true,
    etag: entity.etag,
    ...(gapEnd instanceof Date && { gapEnd }),
  };
}

export function toDetection(entity: Readonly<Record<string, unknown>>): DetectionRecord {
  const { knownDevices, firstSeen } = entity;
  return {
    hash: String(entity["hash"]),
    knownDevices: typeof knownDevices === "number" ? knownDevices : 0,
    ...(firstSeen instanceof Date && { firstSeen }),
  };
}

export function toMark(key: string, entity: Readonly<Record<string, unknown>>): Marks {
  const { version, at } = entity;
  if (!(at instanceof Date)) return {};
  if (key === "recheck") return { recheck: at };
  if (key === RECHECK_POSITION) {
    const { partition, key: last, whole } = entity;
    return {
      recheckPosition: { startedAt: at, partition: String(partition), key: String(last), whole: whole === true },
    };
  }
  return key === "review" && typeof version === "number" ? { review: { version, at } } : {};
}

/** UTF-16 units in a text property. Limit of Table Storage. */
export const MAX_TEXT = 32_000;

/** A time as a key of which the newest sorts first. Table Storage orders keys in ascending order only. */
export const reversed = (time: Date): string => String(8_640_000_000_000_000 - time.getTime()).padStart(16, "0");
export const runKey = (startedAt: Date, runId: string): string => `${reversed(startedAt)}|${runId}`;
