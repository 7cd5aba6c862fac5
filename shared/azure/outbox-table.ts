import type { TableClient, TableEntityResult } from "@azure/data-tables";
import type { Outbox, OutboxItem, OutboxSurvey } from "../core/outbox.ts";
import { partitionsOf } from "../core/slice.ts";
import { StateError } from "../errors.ts";
import { fromOutboxEntity } from "./outbox-entity.ts";
import { refuseNewer, SCHEMA_VERSION } from "./schema-version.ts";
import { asStateError, forEachConcurrent, statusOf, submit } from "./transaction.ts";

/** Waves come first: a wave's header is the ticket to which its members belong. */
const PARTITIONS = ["wave", ...partitionsOf("all")];

/** Every key that begins with `outbox|`: `}` follows `|` in ASCII. */
const OUTBOX_KEYS = "RowKey ge 'outbox|' and RowKey lt 'outbox}'";

/** Rows in the first page of each partition. Small, because sending begins only when the oldest row of every partition is there. */
const FIRST_PAGE = 5;
/**
 * Bytes of message bodies that a further page should hold. The first page shows how large messages are. Two pages of each of the
 * seventeen partitions are in memory, each for a moment as text as well.
 */
const PAGE_BYTES = 300_000;

/** Rows in a further page: as many as memory allows. At most 500, because large messages may follow small ones. */
function pageFor(rows: readonly Row[]): number {
  const bytes = rows.reduce((sum, { body }) => sum + (body instanceof Uint8Array ? body.byteLength : 0), 0);
  return Math.max(5, Math.min(500, Math.floor((PAGE_BYTES * rows.length) / Math.max(1, bytes))));
}

/** Requests in flight at once. */
const CONCURRENCY = 6;
/** The row that a pass writes and deletes to prove that it can (R17). A row left by an earlier pass is overwritten. */
const PROOF = { partitionKey: "proof", rowKey: "relay" };

type Client = Pick<TableClient, "listEntities" | "upsertEntity" | "deleteEntity" | "submitTransaction">;
type Row = TableEntityResult<Record<string, unknown>>;

/** The outbox rows of the `Sightings` table. */
export function outboxTable(table: Client): Outbox {
  const list = (
    partition: string,
    query: { readonly select?: string[]; readonly page: number; readonly token?: string },
  ) =>
    table
      .listEntities({
        queryOptions: {
          filter: `PartitionKey eq '${partition}' and ${OUTBOX_KEYS}`,
          ...(query.select && { select: query.select }),
        },
      })
      .byPage({ maxPageSize: query.page, ...(query.token !== undefined && { continuationToken: query.token }) });

  async function countOf(partition: string): Promise<{ readonly count: number; readonly oldest?: Date }> {
    let count = 0;
    let oldest: Date | undefined;
    for await (const page of list(partition, { select: ["RowKey", "schemaVersion"], page: 1000 })) {
      for (const entity of page) {
        refuseNewer(entity, String(entity.rowKey));
        oldest ??= timeOf(String(entity.rowKey));
      }
      count += page.length;
    }
    return { count, ...(oldest && { oldest }) };
  }

  async function* pagesOf(partition: string): AsyncGenerator<readonly Row[], void, undefined> {
    let token: string | undefined;
    let page = FIRST_PAGE;
    for await (const first of list(partition, { page })) {
      yield first;
      token = first.continuationToken;
      page = pageFor(first);
      break;
    }
    if (token !== undefined) yield* list(partition, { page, token });
  }

  async function* rowsOf(partition: string): AsyncGenerator<Row, void, undefined> {
    const pages = pagesOf(partition);
    let coming = pages.next();
    for (let page = await coming; page.done !== true; page = await coming) {
      coming = pages.next();
      // A caller that stops early never awaits this page: its failure must not become an unhandled rejection.
      coming.catch(() => undefined);
      yield* page.value;
    }
  }

  async function* read(partitions: readonly string[]): AsyncGenerator<OutboxItem, undefined, undefined> {
    try {
      for (const group of [partitions.filter(isWave), partitions.filter((one) => !isWave(one))]) {
        for await (const row of merge(group.map(rowsOf))) yield fromOutboxEntity(row);
      }
    } catch (error) {
      throw asStateError(error, "the outbox could not be read");
    }
    return undefined;
  }

  return {
    async survey(): Promise<OutboxSurvey> {
      const found = new Map<string, { readonly count: number; readonly oldest?: Date }>();
      try {
        await forEachConcurrent(
          PARTITIONS,
          CONCURRENCY,
          async (partition) => void found.set(partition, await countOf(partition)),
        );
      } catch (error) {
        throw asStateError(error, "the outbox could not be counted");
      }
      const times = [...found.values()].flatMap(({ oldest }) => (oldest ? [oldest.getTime()] : []));
      return {
        depth: [...found.values()].reduce((sum, { count }) => sum + count, 0),
        ...(times.length > 0 && { oldest: new Date(Math.min(...times)) }),
        partitions: PARTITIONS.filter((partition) => (found.get(partition)?.count ?? 0) > 0),
      };
    },

    async prove() {
      try {
        await table.upsertEntity({ ...PROOF, schemaVersion: SCHEMA_VERSION }, "Replace");
        await removeOne(table, PROOF.partitionKey, PROOF.rowKey);
      } catch (error) {
        throw asStateError(
          error,
          "the state could not be written and deleted: nothing is sent, because messages that can't be deleted would be sent again by each pass",
        );
      }
    },

    read,

    async remove(partition, keys) {
      const outcome = await submit(
        table,
        keys.map((rowKey) => ["delete", { partitionKey: partition, rowKey }]),
      );
      if (outcome.kind === "refused")
        throw new StateError(`messages of partition ${partition} could not be deleted: ${outcome.reason}`);
      if (outcome.kind === "done") return;
      // A conflict: another pass has deleted some of them already.
      try {
        await forEachConcurrent(keys, CONCURRENCY, (key) => removeOne(table, partition, key));
      } catch (error) {
        throw asStateError(error, `messages of partition ${partition} could not be deleted`);
      }
    },
  };
}

const isWave = (partition: string): boolean => partition === "wave";

async function removeOne(table: Client, partition: string, key: string): Promise<void> {
  try {
    await table.deleteEntity(partition, key);
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
}

/** Merges streams that are each in key order into one stream in key order. The first rows of all streams are requested at once. */
async function* merge(streams: readonly AsyncGenerator<Row, void, undefined>[]): AsyncGenerator<Row, void, undefined> {
  const heads = await Promise.all(streams.map(async (stream) => ({ stream, head: await stream.next() })));
  for (;;) {
    let least: { readonly at: (typeof heads)[number]; readonly row: Row } | undefined;
    for (const at of heads) {
      if (at.head.done === true) continue;
      const row = at.head.value;
      if (least === undefined || String(row.rowKey) < String(least.row.rowKey)) least = { at, row };
    }
    if (least === undefined) return;
    yield least.row;
    least.at.head = await least.at.stream.next();
  }
}

function timeOf(key: string): Date | undefined {
  const time = new Date(key.split("|")[1] ?? "");
  return Number.isNaN(time.getTime()) ? undefined : time;
}
