import type { TableClient, TableEntityResult } from "@azure/data-tables";
import type { Outbox, OutboxItem, OutboxSurvey } from "../core/outbox.ts";
import { partitionsOf } from "../core/slice.ts";
import { StateError } from "../errors.ts";
import { fromOutboxEntity } from "./outbox-entity.ts";
import { refuseNewer, SCHEMA_VERSION } from "./schema-version.ts";
import { asStateError, forEachConcurrent, statusOf, submit } from "./transaction.ts";

/** Waves come first: a header is the ticket that its members belong to. */
const PARTITIONS = ["wave", ...partitionsOf("all")];

/** `}` follows `|`: every key that begins with `outbox|`. */
const OUTBOX_KEYS = "RowKey ge 'outbox|' and RowKey lt 'outbox}'";

/** The first answer of each partition is small: nothing can be sent before all of them have given their oldest. */
const FIRST_PAGE = 5;
/**
 * Bytes of bodies that one further answer should hold; the first tells how large they are here. Two of each of the seventeen partitions are
 * held, each for a moment as text as well.
 */
const PAGE_BYTES = 300_000;

/** Rows of a further answer: as few requests as memory allows. Larger ones may follow small ones, hence a bound. */
function pageFor(rows: readonly Row[]): number {
  const bytes = rows.reduce((sum, { body }) => sum + (body instanceof Uint8Array ? body.byteLength : 0), 0);
  return Math.max(5, Math.min(500, Math.floor((PAGE_BYTES * rows.length) / Math.max(1, bytes))));
}

/** Requests at once where partitions don't wait for each other. */
const CONCURRENCY = 6;
/** The one row that shows that this pass can write and delete; leftovers are overwritten. */
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
      // Whoever stops early never asks for it: a failure there is nobody's.
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
          "the state could not be written and deleted: nothing is sent, or it would be sent again for ever",
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
      // Another pass was quicker with some of them.
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

/** Smallest key first, over streams that are each in order. All first rows are asked for at once. */
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
