import type { TableClient, TableEntityResult, TransactionAction } from "@azure/data-tables";
import type { UnitCoverage } from "../core/plan.ts";
import type { ReviewMark } from "../core/review.ts";
import { StateError } from "../errors.ts";
import { refuseNewer, SCHEMA_VERSION } from "./sightings-table.ts";
import { asStateErrors, statusOf, submit, writeIfUnchanged } from "./transaction.ts";

/** What Coverage remembers of a detection: for messages, not for safety. */
export interface DetectionRecord {
  readonly hash: string;
  readonly firstSeen?: Date;
  /** Devices known, counted up as they are told; approximate after conflicts. */
  readonly knownDevices: number;
}

/** Everything that a run plans from. Read in one go, before the partitions' epochs are (see `epochs` in run.ts). */
export interface CoverageSnapshot {
  /** By `workspace|pack|slice`. */
  readonly units: ReadonlyMap<string, CoverageRecord>;
  /** Epoch by partition. */
  readonly epochs: ReadonlyMap<string, string>;
  readonly detections: ReadonlyMap<string, DetectionRecord>;
  readonly marks: Marks;
  /** When a unit was last worked on without coming to its end, by its key. */
  readonly attempts: ReadonlyMap<string, Date>;
}

/** How far the approvals were reviewed, and the expected sightings looked at. Neither ever goes back. */
export interface Marks {
  readonly review?: ReviewMark;
  readonly recheck?: Date;
  /** A look that was cut off; absent: none is under way. */
  readonly recheckPosition?: RecheckPosition;
}

/** Up to where a look has come, by partition and RowKey. */
export interface RecheckPosition {
  /** Of the look, not of the run that goes on with it: what was ingested since is looked at by the next. */
  readonly startedAt: Date;
  readonly partition: string;
  readonly key: string;
  /** Everything up to here could be looked at. */
  readonly whole: boolean;
}

/** The slicing of the last reading that worked. `sliced`: one answer for all devices was too much; `cut`: so was one for this share. */
export interface Slicing {
  readonly sliced: boolean;
  readonly cut: boolean;
}

/** A unit's row as it was read. */
export interface CoverageRecord extends UnitCoverage, Slicing {
  readonly etag: string;
}

/** One unit's advance. `priorHash` is the mark that the plan saw. */
export interface Advance extends Slicing {
  readonly key: string;
  readonly coveredTo: Date;
  readonly packHash: string;
  readonly priorHash?: string;
  readonly gapEnd?: Date;
  /** The row as the plan read it: spares a read while nobody else writes. Absent: there was none. */
  readonly stored?: CoverageRecord;
}

export type CoverageTable = ReturnType<typeof coverageTable>;

type Client = Pick<
  TableClient,
  "listEntities" | "getEntity" | "createEntity" | "upsertEntity" | "updateEntity" | "deleteEntity" | "submitTransaction"
>;

/** Rounds of read-and-write-again before a unit fails. Design §4. */
const MAX_ATTEMPTS = 4;

const LOOK_POSITION = "recheck-position";

/** The `Coverage` table: what has been read up to when, the epochs, the detections, the runs. */
export function coverageTable(table: Client) {
  return {
    async snapshot(): Promise<CoverageSnapshot> {
      const units = new Map<string, CoverageRecord>();
      const epochs = new Map<string, string>();
      const detections = new Map<string, DetectionRecord>();
      const marks: Marks = {};
      const attempts = new Map<string, Date>();
      await guarded("read", async () => {
        const filter = ["unit", "epoch", "detection", "mark", "attempt"]
          .map((key) => `PartitionKey eq '${key}'`)
          .join(" or ");
        for await (const page of table.listEntities({ queryOptions: { filter } }).byPage({ maxPageSize: 1000 })) {
          for (const entity of page) {
            const key = String(entity.rowKey);
            refuseNewer(entity, `Coverage/${String(entity.partitionKey)}/${key}`);
            if (entity.partitionKey === "mark") Object.assign(marks, toMark(key, entity));
            else if (entity.partitionKey === "epoch") epochs.set(key, String(entity["epoch"]));
            else if (entity.partitionKey === "unit") units.set(key, toUnit(entity));
            else if (entity.partitionKey === "attempt")
              attempts.set(key, entity["at"] instanceof Date ? entity["at"] : new Date(0));
            else detections.set(key, toDetection(entity));
          }
        }
      });
      return { units, epochs, detections, marks, attempts };
    },

    /** Keeps up to where a look has come; `undefined`: it has come to its end. */
    async saveRecheckPosition(position: RecheckPosition | undefined): Promise<void> {
      await guarded("write", async () => {
        if (!position) return deleteIfThere(table, "mark", LOOK_POSITION);
        const { startedAt: at, ...place } = position;
        const entity = { partitionKey: "mark", rowKey: LOOK_POSITION, at, ...place, schemaVersion: SCHEMA_VERSION };
        await table.upsertEntity(entity, "Replace");
      });
    },

    /** Names a partition's epoch, insert-only. A second run names the same one. */
    async nameEpoch(partition: string, epoch: string): Promise<void> {
      await guarded("write", async () => {
        try {
          await table.createEntity({ partitionKey: "epoch", rowKey: partition, epoch, schemaVersion: SCHEMA_VERSION });
        } catch (error) {
          if (statusOf(error) !== 409) throw error;
        }
      });
    },

    /** Names another epoch: the operator has accepted the loss. */
    async renameEpoch(partition: string, epoch: string): Promise<void> {
      await guarded("write", () =>
        table.upsertEntity(
          { partitionKey: "epoch", rowKey: partition, epoch, schemaVersion: SCHEMA_VERSION },
          "Replace",
        ),
      );
    },

    /**
     * Moves units forward, all in one transaction where nobody interferes. Never backwards under the same pack; a unit that
     * another version of the pack has marked meanwhile is left to that version.
     */
    async advance(advances: readonly Advance[]): Promise<void> {
      for (let round = 0; round < MAX_ATTEMPTS; round++) {
        const actions = (
          await Promise.all(
            advances.map(async (advance) =>
              toAction(advance, round === 0 ? advance.stored : await readUnit(table, advance.key)),
            ),
          )
        ).filter((action) => action !== undefined);
        if (actions.length === 0) return;
        if ((await submit(table, actions)).kind === "done") return;
      }
      throw new StateError(
        `coverage of ${advances[0]?.key ?? "a unit"} could not be moved in ${MAX_ATTEMPTS} rounds: other runs keep writing it`,
      );
    },

    /** Notes that a unit was worked on and did not come to its end, so that others come first the next time. */
    async recordAttempt(key: string, at: Date): Promise<void> {
      await guarded("write", () =>
        table.upsertEntity({ partitionKey: "attempt", rowKey: key, at, schemaVersion: SCHEMA_VERSION }, "Replace"),
      );
    },

    /** Forgets how far units were read, so that the next run reads the whole horizon. */
    async deleteUnits(keys: readonly string[]): Promise<void> {
      await guarded("write", () => Promise.all(keys.map((key) => deleteIfThere(table, "unit", key))));
    },

    /** Moves the mark of the review forward: another run may have been further. */
    moveReviewMark: ({ version, at }: ReviewMark): Promise<void> =>
      moveMark(table, "review", { version, at }, ({ review }) =>
        review ? review.version > version || (review.version === version && review.at >= at) : false,
      ),

    /** Moves the mark of the look forward. */
    moveRecheckMark: (at: Date): Promise<void> =>
      moveMark(table, "recheck", { at }, ({ recheck }) => recheck !== undefined && recheck >= at),

    /** Notes a detection's definition and counts its new devices up. */
    async recordDetection(
      id: string,
      hash: string | undefined,
      newDevices: number,
      firstSeen: Date | undefined,
    ): Promise<void> {
      for (let round = 0; round < MAX_ATTEMPTS; round++) {
        const stored = await read(table, "detection", id);
        const before = stored && toDetection(stored);
        const next = {
          partitionKey: "detection",
          rowKey: id,
          hash: hash ?? before?.hash ?? "",
          knownDevices: Math.max(0, (before?.knownDevices ?? 0) + newDevices),
          schemaVersion: SCHEMA_VERSION,
          ...((before?.firstSeen ?? firstSeen) && { firstSeen: before?.firstSeen ?? firstSeen }),
        };
        if (before && before.hash === next.hash && newDevices === 0) return;
        if (await writeOnce(table, next, stored?.etag)) return;
      }
      // For messages only: the next run counts on from what stands.
    },

    /** Records one run; newest first by key. */
    async recordRun(startedAt: Date, runId: string, record: Readonly<Record<string, unknown>>): Promise<void> {
      await guarded("write", () =>
        table.upsertEntity(
          {
            partitionKey: "run",
            rowKey: runKey(startedAt, runId),
            startedAt,
            record: JSON.stringify(record).slice(0, MAX_TEXT),
            schemaVersion: SCHEMA_VERSION,
          },
          "Replace",
        ),
      );
    },

    /** Deletes runs that started before `before`; returns how many. */
    async deleteRuns(before: Date): Promise<number> {
      let deleted = 0;
      await guarded("write", async () => {
        const filter = `PartitionKey eq 'run' and RowKey gt '${reversed(before)}|~'`;
        for await (const page of table
          .listEntities({ queryOptions: { filter, select: ["PartitionKey", "RowKey"] } })
          .byPage({ maxPageSize: 100 })) {
          const actions = page.map((entity): TransactionAction => [
            "delete",
            { partitionKey: "run", rowKey: String(entity.rowKey) },
          ]);
          if (actions.length > 0 && (await submit(table, actions)).kind === "done") deleted += actions.length;
        }
      });
      return deleted;
    },
  };
}

/** UTF-16 units in a text property. Limit of Table Storage. */
const MAX_TEXT = 32_000;

/** So that newer sorts first: Table Storage orders keys upwards only. */
const reversed = (time: Date): string => String(8_640_000_000_000_000 - time.getTime()).padStart(16, "0");
const runKey = (startedAt: Date, runId: string): string => `${reversed(startedAt)}|${runId}`;

export const unitKey = (workspace: string, pack: string, slice: string): string => `${workspace}|${pack}|${slice}`;

async function readUnit(table: Client, key: string): Promise<CoverageRecord | undefined> {
  const entity = await guarded("read", () => read(table, "unit", key));
  return entity && toUnit(entity);
}

function toAction(advance: Advance, stored: CoverageRecord | undefined): TransactionAction | undefined {
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

function toUnit(entity: TableEntityResult<Record<string, unknown>>): CoverageRecord {
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

function toDetection(entity: Readonly<Record<string, unknown>>): DetectionRecord {
  const { knownDevices, firstSeen } = entity;
  return {
    hash: String(entity["hash"]),
    knownDevices: typeof knownDevices === "number" ? knownDevices : 0,
    ...(firstSeen instanceof Date && { firstSeen }),
  };
}

function toMark(key: string, entity: Readonly<Record<string, unknown>>): Marks {
  const { version, at } = entity;
  if (!(at instanceof Date)) return {};
  if (key === "recheck") return { recheck: at };
  if (key === LOOK_POSITION) {
    const { partition, key: last, whole } = entity;
    return {
      recheckPosition: { startedAt: at, partition: String(partition), key: String(last), whole: whole === true },
    };
  }
  return key === "review" && typeof version === "number" ? { review: { version, at } } : {};
}

async function moveMark(
  table: Client,
  key: "review" | "recheck",
  values: Readonly<Record<string, unknown>>,
  isFurther: (stored: Marks) => boolean,
): Promise<void> {
  for (let round = 0; round < MAX_ATTEMPTS; round++) {
    const stored = await guarded("read", () => read(table, "mark", key));
    if (stored && isFurther(toMark(key, stored))) return;
    const entity = { partitionKey: "mark", rowKey: key, ...values, schemaVersion: SCHEMA_VERSION };
    if (await writeOnce(table, entity, stored?.etag)) return;
  }
  // What has been done may be done again: the next run moves it.
}

async function read(table: Client, partition: string, key: string) {
  try {
    return await table.getEntity(partition, key);
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

async function writeOnce(
  table: Client,
  entity: { partitionKey: string; rowKey: string } & Record<string, unknown>,
  etag: string | undefined,
): Promise<boolean> {
  return guarded("write", () => writeIfUnchanged(table, entity, etag));
}

async function deleteIfThere(table: Client, partition: string, key: string): Promise<void> {
  try {
    await table.deleteEntity(partition, key);
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
}

const guarded = <T>(doing: "read" | "write", work: () => Promise<T>): Promise<T> =>
  asStateErrors(`Coverage could not be ${doing === "read" ? "read" : "written"}`, work);
