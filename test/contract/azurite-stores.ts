import type { TableClient } from "@azure/data-tables";
import { approvalsTable } from "../../shared/azure/approvals-table.ts";
import { coverageTable } from "../../shared/azure/coverage-table.ts";
import { outboxTable } from "../../shared/azure/outbox-table.ts";
import { retention } from "../../shared/azure/retention.ts";
import { sightingsTable } from "../../shared/azure/sightings-table.ts";
import { waveTable } from "../../shared/azure/wave-table.ts";
import { startTables } from "../local/tables.ts";
import type { Stores } from "./contract.ts";

export interface AzuriteStores {
  /** Calls `work` with the adapters over new, empty tables. `change`: what stands before each client. */
  use(work: (stores: Stores) => Promise<void>, change?: (client: TableClient) => TableClient): Promise<void>;
  stop(): Promise<void>;
}

/** The adapters, through the real SDK, against one Azurite. */
export async function startAzuriteStores(): Promise<AzuriteStores> {
  const tables = await startTables();
  let n = 0;
  return {
    async use(work, change = (client) => client) {
      n += 1;
      const [sightings, coverage, approvals] = ["Sightings", "Coverage", "Approvals"].map((name) => `${name}${n}`);
      if (!sightings || !coverage || !approvals) throw new Error("three were named");
      await tables.createTables([sightings, coverage, approvals]);
      await work(adapters((name) => change(tables.client(name)), { sightings, coverage, approvals }));
    },
    stop: () => tables.stop(),
  };
}

function adapters(
  client: (name: string) => TableClient,
  names: { readonly sightings: string; readonly coverage: string; readonly approvals: string },
): Stores {
  const pending: (() => Promise<unknown>)[] = [];
  const interruptible = (table: TableClient): TableClient =>
    beforeWrites(table, async () => {
      await pending.pop()?.();
    });
  const sightings = interruptible(client(names.sightings));
  return {
    sightings: sightingsTable(sightings),
    retention: retention(sightings),
    waves: waveTable(sightings),
    outbox: outboxTable(sightings),
    coverage: coverageTable(interruptible(client(names.coverage))),
    approvals: approvalsTable(interruptible(client(names.approvals))),
    race: async (theirs, ours) => {
      pending.push(theirs);
      const result = await ours();
      if (pending.length > 0) throw new Error("nothing was written: nobody could come before it");
      return result;
    },
  };
}

/** A client whose writes each wait for `work`. */
const beforeWrites = (table: TableClient, work: () => Promise<void>): TableClient =>
  withWrites(table, {
    createEntity: async (...asked) => (await work(), table.createEntity(...asked)),
    updateEntity: async (...asked) => (await work(), table.updateEntity(...asked)),
    upsertEntity: async (...asked) => (await work(), table.upsertEntity(...asked)),
    deleteEntity: async (...asked) => (await work(), table.deleteEntity(...asked)),
    submitTransaction: async (...asked) => (await work(), table.submitTransaction(...asked)),
  });

type Writes = Pick<
  TableClient,
  "createEntity" | "updateEntity" | "upsertEntity" | "deleteEntity" | "submitTransaction"
>;

/** A client some of whose writes are other ones. */
export const withWrites = (table: TableClient, writes: Partial<Writes>): TableClient =>
  new Proxy(table, {
    get: (target, name) => {
      if (name in writes) return Reflect.get(writes, name);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
