import type { TableClient, TransactionAction } from "@azure/data-tables";
import type { ReviewMark } from "../core/review.ts";
import type {
  Advance,
  CoverageRecord,
  CoverageSnapshot,
  CoverageStore,
  DetectionRecord,
  Marks,
  RecheckPosition,
} from "../core/stores/coverage-store.ts";
import { MAX_ATTEMPTS } from "../core/stores/write-outcome.ts";
import { StateError } from "../errors.ts";
import {
  MAX_TEXT,
  RECHECK_POSITION,
  reversed,
  runKey,
  toAdvanceAction,
  toDetection,
  toMark,
  toUnit,
} from "./coverage-entity.ts";
import { refuseNewer, SCHEMA_VERSION } from "./schema-version.ts";
import { asStateErrors, statusOf, submit, writeIfUnchanged } from "./transaction.ts";

type Client = Pick<
  TableClient,
  "listEntities" | "getEntity" | "createEntity" | "upsertEntity" | "updateEntity" | "deleteEntity" | "submitTransaction"
>;

/** The `Coverage` table: covered-to by unit, the epochs, the marks, the detections and the runs. */
export function coverageTable(table: Client): CoverageStore {
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

    /** Saves the position of a recheck; `undefined`: the recheck is complete. */
    async saveRecheckPosition(position: RecheckPosition | undefined): Promise<void> {
      await guarded("write", async () => {
        if (!position) return deleteIfThere(table, "mark", RECHECK_POSITION);
        const { startedAt: at, ...place } = position;
        const entity = { partitionKey: "mark", rowKey: RECHECK_POSITION, at, ...place, schemaVersion: SCHEMA_VERSION };
        await table.upsertEntity(entity, "Replace");
      });
    },

    /** Records a partition's epoch, insert-only. A second run records the same one. */
    async nameEpoch(partition: string, epoch: string): Promise<void> {
      await guarded("write", async () => {
        try {
          await table.createEntity({ partitionKey: "epoch", rowKey: partition, epoch, schemaVersion: SCHEMA_VERSION });
        } catch (error) {
          if (statusOf(error) !== 409) throw error;
        }
      });
    },

    /** Records another epoch for a partition: the operator has accepted the loss of the old one. */
    async renameEpoch(partition: string, epoch: string): Promise<void> {
      await guarded("write", () =>
        table.upsertEntity(
          { partitionKey: "epoch", rowKey: partition, epoch, schemaVersion: SCHEMA_VERSION },
          "Replace",
        ),
      );
    },

    /**
     * Moves units forward, all in one transaction, never backwards under the same pack. A conflict with another run is retried. A
     * unit that another version of the pack has marked meanwhile is left to that version.
     */
    async advance(advances: readonly Advance[]): Promise<void> {
      for (let round = 0; round < MAX_ATTEMPTS; round++) {
        const actions = (
          await Promise.all(
            advances.map(async (advance) =>
              toAdvanceAction(advance, round === 0 ? advance.stored : await readUnit(table, advance.key)),
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

    /** Records that a unit was begun and not completed, so that other units come first the next time. */
    async recordAttempt(key: string, at: Date): Promise<void> {
      await guarded("write", () =>
        table.upsertEntity({ partitionKey: "attempt", rowKey: key, at, schemaVersion: SCHEMA_VERSION }, "Replace"),
      );
    },

    /** Deletes the coverage of units, so that the next run reads their whole horizon. */
    async deleteUnits(keys: readonly string[]): Promise<void> {
      await guarded("write", () => Promise.all(keys.map((key) => deleteIfThere(table, "unit", key))));
    },

    /** Moves the mark of the review forward, never back: another run may have moved it further. */
    moveReviewMark: ({ version, at }: ReviewMark): Promise<void> =>
      moveMark(table, "review", { version, at }, ({ review }) =>
        review ? review.version > version || (review.version === version && review.at >= at) : false,
      ),

    /** Moves the mark of the recheck forward, never back. */
    moveRecheckMark: (at: Date): Promise<void> =>
      moveMark(table, "recheck", { at }, ({ recheck }) => recheck !== undefined && recheck >= at),

    /** Records a detection's definition and adds its new devices to the count. */
    async recordDetection(
      id: string,
      hash: string | undefined,
      newDevices: number,
      firstSeen: Date | undefined,
    ): Promise<void> {
      for (let round = 0; round < MAX_ATTEMPTS; round++) {
        const stored = await read(table, "detection", id);
        const before = stored && toDetection(stored);
        const earliest = earlier(before?.firstSeen, firstSeen);
        const next = {
          partitionKey: "detection",
          rowKey: id,
          hash: hash ?? before?.hash ?? "",
          knownDevices: Math.max(0, (before?.knownDevices ?? 0) + newDevices),
          schemaVersion: SCHEMA_VERSION,
          ...(earliest && { firstSeen: earliest }),
        };
        if (before && before.hash === next.hash && newDevices === 0 && before.firstSeen === earliest) return;
        if (await writeOnce(table, next, stored?.etag)) return;
      }
      // After repeated conflicts the count stays too low. It is for messages only.
    },

    /** Records one run. Keys sort the newest run first. */
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

const earlier = (a: Date | undefined, b: Date | undefined): Date | undefined => (a && b ? (b < a ? b : a) : (a ?? b));

async function readUnit(table: Client, key: string): Promise<CoverageRecord | undefined> {
  const entity = await guarded("read", () => read(table, "unit", key));
  return entity && toUnit(entity);
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
  // After repeated conflicts the mark stays. The next run repeats the work, which is safe, and moves the mark.
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
