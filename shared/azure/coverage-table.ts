import type { TableClient, TableEntityResult, TransactionAction } from "@azure/data-tables";
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

    async saveRecheckPosition(position: RecheckPosition | undefined): Promise<void> {
      await guarded("write", async () => {
        if (!position) return deleteIfThere(table, "mark", RECHECK_POSITION);
        const { startedAt: at, ...place } = position;
        const entity = { partitionKey: "mark", rowKey: RECHECK_POSITION, at, ...place, schemaVersion: SCHEMA_VERSION };
        await table.upsertEntity(entity, "Replace");
      });
    },

    async nameEpoch(partition: string, epoch: string): Promise<void> {
      await guarded("write", async () => {
        try {
          await table.createEntity({ partitionKey: "epoch", rowKey: partition, epoch, schemaVersion: SCHEMA_VERSION });
        } catch (error) {
          if (statusOf(error) !== 409) throw error;
        }
      });
    },

    async renameEpoch(partition: string, epoch: string): Promise<void> {
      await guarded("write", () =>
        table.upsertEntity(
          { partitionKey: "epoch", rowKey: partition, epoch, schemaVersion: SCHEMA_VERSION },
          "Replace",
        ),
      );
    },

    async advance(advances: readonly Advance[]): Promise<void> {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const actions = (
          await Promise.all(
            advances.map(async (advance) =>
              toAdvanceAction(advance, attempt === 0 ? advance.stored : await readUnit(table, advance.key)),
            ),
          )
        ).filter((action) => action !== undefined);
        if (actions.length === 0) return;
        if ((await submit(table, actions)).kind === "done") return;
      }
      throw new StateError(
        `coverage of ${advances[0]?.key ?? "a unit"} could not be moved in ${MAX_ATTEMPTS} attempts: other runs keep writing it`,
      );
    },

    async recordAttempt(key: string, at: Date): Promise<void> {
      await guarded("write", () =>
        table.upsertEntity({ partitionKey: "attempt", rowKey: key, at, schemaVersion: SCHEMA_VERSION }, "Replace"),
      );
    },

    async deleteUnits(keys: readonly string[]): Promise<void> {
      await guarded("write", () => Promise.all(keys.map((key) => deleteIfThere(table, "unit", key))));
    },

    moveReviewMark: ({ version, at }: ReviewMark): Promise<void> =>
      moveMark(table, "review", { version, at }, ({ review }) =>
        review ? review.version > version || (review.version === version && review.at >= at) : false,
      ),

    moveRecheckMark: (at: Date): Promise<void> =>
      moveMark(table, "recheck", { at }, ({ recheck }) => recheck !== undefined && recheck >= at),

    /** After repeated conflicts the count stays too low: it is for messages only. */
    recordDetection: (id, hash, newDevices, firstSeen) =>
      rewrite(table, "detection", id, (stored) => {
        const before = stored && toDetection(stored);
        const earliest = earlier(before?.firstSeen, firstSeen);
        const next = hash ?? before?.hash ?? "";
        if (before && before.hash === next && newDevices === 0 && before.firstSeen === earliest) return undefined;
        return {
          hash: next,
          knownDevices: Math.max(0, (before?.knownDevices ?? 0) + newDevices),
          ...(earliest && { firstSeen: earliest }),
        };
      }),

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

/** After repeated conflicts the mark stays. The next run repeats the work, which is safe, and moves the mark. */
const moveMark = (
  table: Client,
  key: "review" | "recheck",
  values: Readonly<Record<string, unknown>>,
  isFurther: (stored: Marks) => boolean,
): Promise<void> =>
  rewrite(table, "mark", key, (stored) => (stored && isFurther(toMark(key, stored)) ? undefined : values));

/**
 * Replaces a row, or makes it, in the version that was read; reads again after a conflict. Nothing is written where `next` returns
 * `undefined`, and after `MAX_ATTEMPTS` conflicts.
 */
async function rewrite(
  table: Client,
  partitionKey: string,
  rowKey: string,
  next: (
    stored: TableEntityResult<Record<string, unknown>> | undefined,
  ) => Readonly<Record<string, unknown>> | undefined,
): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const stored = await guarded("read", () => read(table, partitionKey, rowKey));
    const values = next(stored);
    if (!values) return;
    const entity = { partitionKey, rowKey, ...values, schemaVersion: SCHEMA_VERSION };
    if (await guarded("write", () => writeIfUnchanged(table, entity, stored?.etag))) return;
  }
}

async function read(table: Client, partition: string, key: string) {
  try {
    return await table.getEntity(partition, key);
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
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
