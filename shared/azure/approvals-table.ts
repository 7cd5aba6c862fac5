import type { TableClient, TableEntityResult, TransactionAction } from "@azure/data-tables";
import type { Approval, ApprovalSet } from "../core/approval.ts";
import type { Applied, ApprovalsStore } from "../core/stores/approvals-store.ts";
import { chunksOf } from "../core/split-list.ts";
import { MAX_ENTITIES } from "../core/stores/write-outcome.ts";
import { StateError } from "../errors.ts";
import type { ApprovalRows } from "./approval-rows.ts";
import { hashOf, rowsOf, toApprovals } from "./approval-rows.ts";
import { refuseNewer, SCHEMA_VERSION } from "./schema-version.ts";
import { asStateErrors, statusOf, submit, writeIfUnchanged } from "./transaction.ts";

type Client = Pick<
  TableClient,
  "listEntities" | "getEntity" | "createEntity" | "updateEntity" | "upsertEntity" | "submitTransaction"
>;

/** The one row that names the set in force. */
interface Pointer {
  readonly version: number;
  /** PartitionKey of the set's rows. */
  readonly rows: string;
  readonly count: number;
  /** SHA-256, hex, over the rows' texts in order. */
  readonly hash: string;
  readonly etag: string;
}

const POINTER = { partitionKey: "pointer", rowKey: "current" } as const;

/** Versions that are kept. A run reads the pointer first and the rows after it, so a version just replaced may still be read. */
const KEPT_VERSIONS = 10;

/** ASCII characters in one transaction. The service's limit of 4 MiB counts the texts escaped once more, and their envelopes. */
const MAX_TRANSACTION_TEXT = 1_500_000;

/**
 * The `Approvals` table: sets of approvals, and one pointer to the set in force. A set's rows are written before the pointer moves
 * to them, so that a reader sees either set whole (R12). A set that can't be read throws; it never counts as an empty set.
 */
export function approvalsTable(table: Client): ApprovalsStore {
  return {
    async pointer(): Promise<number | undefined> {
      return (await readPointer(table))?.version;
    },

    async makePointer(): Promise<void> {
      await guarded("written", async () => {
        try {
          await table.createEntity(pointerEntity(0, rowsOf([])));
        } catch (error) {
          if (statusOf(error) !== 409) throw error;
        }
      });
    },

    async current(): Promise<ApprovalSet> {
      const pointer = await readPointer(table);
      if (!pointer)
        throw new StateError(
          "Approvals has no pointer: it was deleted, and nothing says what is approved; put the approvals in again with `firstsight approvals apply`",
        );
      const texts = pointer.count === 0 ? [] : await readRows(table, pointer.rows);
      if (texts.length !== pointer.count || hashOf(texts) !== pointer.hash)
        throw new StateError(
          `set ${pointer.version} of Approvals is not whole: ${texts.length} of ${pointer.count} rows were read, or some were changed; put the approvals in again with \`firstsight approvals apply\``,
        );
      return { version: pointer.version, approvals: toApprovals(texts, pointer.version) };
    },

    async apply(approvals: readonly Approval[], expectedVersion: number, above = 0): Promise<Applied> {
      const before = await readPointer(table);
      if ((before?.version ?? 0) !== expectedVersion) return { kind: "conflict", stored: before?.version };
      const version = Math.max(expectedVersion, above, before ? 0 : await greatestVersion(table)) + 1;
      const set = rowsOf(approvals);
      await writeRows(table, partitionOfSet(version, set.hash), set.texts);
      if (!(await movePointer(table, pointerEntity(version, set), before?.etag))) {
        const stored = await readPointer(table);
        // The SDK may retry a move that had succeeded; the retry then conflicts with the first attempt.
        if (stored?.version !== version || stored.hash !== set.hash)
          return { kind: "conflict", stored: stored?.version };
      }
      try {
        await deleteBefore(table, version - KEPT_VERSIONS + 1);
      } catch (error) {
        // The set is in force already. The next apply deletes the old versions that are left.
        if (!(error instanceof StateError)) throw error;
      }
      return { kind: "applied", version };
    },
  };
}

/** The key contains the content's hash, so that rows left by an interrupted apply don't collide with those of the next one. */
const partitionOfSet = (version: number, hash: string): string => `${setPrefix(version)}|${hash.slice(0, 16)}`;
const setPrefix = (version: number): string => `set-${String(version).padStart(10, "0")}`;
const versionOf = (partition: string): number => Number(/^set-(\d+)/.exec(partition)?.[1] ?? 0);
const SETS = "PartitionKey ge 'set-' and PartitionKey lt 'set.'";

const pointerEntity = (version: number, { texts, hash }: ApprovalRows) => ({
  ...POINTER,
  version,
  rows: partitionOfSet(version, hash),
  count: texts.length,
  hash,
  schemaVersion: SCHEMA_VERSION,
});

async function readPointer(table: Client): Promise<Pointer | undefined> {
  return guarded("read", async () => {
    let entity;
    try {
      entity = await table.getEntity(POINTER.partitionKey, POINTER.rowKey);
    } catch (error) {
      // A missing table answers 404 too. It is an error and not a state without approvals.
      if (statusOf(error) === 404 && codeOf(error) !== "TableNotFound") return undefined;
      throw error;
    }
    refuseNewer(entity, "Approvals/pointer");
    return toPointer(entity);
  });
}

function toPointer(entity: TableEntityResult<Record<string, unknown>>): Pointer {
  const { version, rows, count, hash, etag } = entity;
  if (!isCount(version) || !isCount(count) || typeof rows !== "string" || typeof hash !== "string")
    throw new StateError(
      "the pointer of Approvals is malformed; it was changed by hand: restore it, or delete it and put the approvals in again",
    );
  return { version, rows, count, hash, etag };
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

async function readRows(table: Client, partition: string): Promise<readonly string[]> {
  return guarded("read", async () => {
    const texts: string[] = [];
    const filter = `PartitionKey eq '${partition.replaceAll("'", "''")}'`;
    for await (const page of table.listEntities({ queryOptions: { filter } }).byPage({ maxPageSize: 1000 })) {
      for (const entity of page) {
        refuseNewer(entity, `Approvals/${partition}/${String(entity.rowKey)}`);
        texts.push(String(entity["text"]));
      }
    }
    return texts;
  });
}

async function writeRows(table: Client, partitionKey: string, texts: readonly string[]): Promise<void> {
  let actions: TransactionAction[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    if (actions.length === 0) return;
    const outcome = await submit(table, actions);
    if (outcome.kind !== "done")
      throw new StateError(
        `a set of approvals could not be written (${outcome.kind === "refused" ? outcome.reason : "conflict"}); nothing has changed`,
      );
    actions = [];
    size = 0;
  };
  for (const [i, text] of texts.entries()) {
    if (actions.length === MAX_ENTITIES || size + text.length > MAX_TRANSACTION_TEXT) await flush();
    const rowKey = String(i).padStart(8, "0");
    actions.push(["upsert", { partitionKey, rowKey, text, schemaVersion: SCHEMA_VERSION }, "Replace"]);
    size += text.length;
  }
  await flush();
}

/** False when another process moved or made the pointer first. */
async function movePointer(
  table: Client,
  entity: ReturnType<typeof pointerEntity>,
  etag: string | undefined,
): Promise<boolean> {
  return guarded("written", () => writeIfUnchanged(table, entity, etag));
}

/** Greatest version that has rows, whether or not the pointer ever named it; 0 where there are no rows. */
async function greatestVersion(table: Client): Promise<number> {
  return guarded("read", async () => {
    let greatest = 0;
    const queryOptions = { filter: SETS, select: ["PartitionKey"] };
    for await (const page of table.listEntities({ queryOptions }).byPage({ maxPageSize: 1000 }))
      for (const { partitionKey = "" } of page) greatest = Math.max(greatest, versionOf(partitionKey));
    return greatest;
  });
}

/** Deletes the rows of all versions before `version`, including those that the pointer never named. */
async function deleteBefore(table: Client, version: number): Promise<void> {
  if (version <= 0) return;
  const filter = `PartitionKey ge '${setPrefix(0)}' and PartitionKey lt '${setPrefix(version)}'`;
  const expired = new Map<string, TransactionAction[]>();
  await guarded("read", async () => {
    const queryOptions = { filter, select: ["PartitionKey", "RowKey"] };
    for await (const page of table.listEntities({ queryOptions }).byPage({ maxPageSize: 1000 })) {
      for (const { partitionKey = "", rowKey = "" } of page) {
        const actions = expired.get(partitionKey) ?? [];
        actions.push(["delete", { partitionKey, rowKey }]);
        expired.set(partitionKey, actions);
      }
    }
  });
  for (const actions of expired.values())
    for (const chunk of chunksOf(actions, MAX_ENTITIES)) await submit(table, chunk);
}

/** The service's error code, where the error has one. */
function codeOf(error: unknown): unknown {
  if (typeof error !== "object" || error === null) return undefined;
  if ("code" in error && typeof error.code === "string" && error.code !== "") return error.code;
  const details = "details" in error ? error.details : undefined;
  return typeof details === "object" && details !== null && "odataError" in details
    ? Reflect.get(Object(details.odataError), "code")
    : undefined;
}

const guarded = <T>(doing: "read" | "written", work: () => Promise<T>): Promise<T> =>
  asStateErrors(`Approvals could not be ${doing}`, work);
