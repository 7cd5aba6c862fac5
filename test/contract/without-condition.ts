import type { TableClient, TransactionAction } from "@azure/data-tables";
import { withWrites } from "./azurite-stores.ts";
import type { Condition } from "./contract.ts";

/** A client that drops one condition of each write, as an adapter would that forgot it. */
export const withoutCondition: Readonly<Record<Condition, (table: TableClient) => TableClient>> = {
  "if-match": (table) =>
    withWrites(table, {
      updateEntity: (entity, mode) => table.updateEntity(entity, mode, { etag: "*" }),
      deleteEntity: (partition, key) => table.deleteEntity(partition, key, { etag: "*" }),
      submitTransaction: (actions) => table.submitTransaction(actions.map(anyVersion)),
    }),
  "insert-only": (table) =>
    withWrites(table, {
      createEntity: (entity) => table.upsertEntity(entity, "Replace"),
      submitTransaction: (actions) => table.submitTransaction(actions.map(insertOrReplace)),
    }),
};

const anyVersion = (action: TransactionAction): TransactionAction =>
  action[0] === "update" ? ["update", action[1], action[2] ?? "Merge", { etag: "*" }] : action;

const insertOrReplace = (action: TransactionAction): TransactionAction =>
  action[0] === "create" ? ["upsert", action[1], "Replace"] : action;
