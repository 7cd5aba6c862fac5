import { approvalsTable } from "../../azure/approvals-table.ts";
import { outboxTable } from "../../azure/outbox-table.ts";
import { tableClient } from "../../azure/table-client.ts";
import { statusOf } from "../../azure/transaction.ts";
import type { Config } from "../../settings/config.ts";
import type { Reading } from "./finding.ts";
import type { StateReadings, StateTable } from "./assess-state.ts";
import { STATE_TABLES } from "./assess-state.ts";
import { signInReason } from "./sign-in.ts";

/** Probes the state account. Writes and removes one row, as each relay pass does before it sends. */
export async function probeState(config: Pick<Config, "stateTable" | "identity">): Promise<StateReadings> {
  const tables = await Promise.all(
    STATE_TABLES.map(async (name) => ({ name, rows: await reading(() => hasRows(config, name)) })),
  );
  const isThere = (name: StateTable): boolean =>
    tables.some((table) => table.name === name && table.rows.kind === "read");
  const [written, approvals] = await Promise.all([
    isThere("Sightings")
      ? reading(async () => {
          await outboxTable(tableClient(config, "Sightings")).prove();
          return "written" as const;
        })
      : ({ kind: "missing" } as const),
    isThere("Approvals") ? probeApprovals(config) : ({ kind: "missing" } as const),
  ]);
  return { tables, written, approvals };
}

async function hasRows(config: Pick<Config, "stateTable" | "identity">, name: StateTable): Promise<boolean> {
  const pages = tableClient(config, name).listEntities().byPage({ maxPageSize: 1 });
  // The table service may answer an empty page before one with rows.
  for await (const page of pages) if (page.length > 0) return true;
  return false;
}

async function probeApprovals(config: Pick<Config, "stateTable" | "identity">): Promise<StateReadings["approvals"]> {
  const table = approvalsTable(tableClient(config, "Approvals"));
  const pointer = await reading(() => table.pointer());
  if (pointer.kind !== "read") return pointer;
  return pointer.value === undefined ? { kind: "missing" } : reading(() => table.current());
}

async function reading<T>(work: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { kind: "read", value: await work() };
  } catch (error) {
    const chain = causesOf(error);
    const noToken = chain.map(signInReason).find((one) => one !== undefined);
    if (noToken !== undefined) return { kind: "no-login", reason: noToken };
    const status = chain.map(statusOf).find((one) => one !== undefined);
    const reason = chain.map((one) => (one instanceof Error ? (one.message.split("\n", 1)[0] ?? "") : "")).join(": ");
    if (status === 404) return { kind: "missing" };
    if (status === 401 || status === 403) return { kind: "denied", reason: `refused (${status}): ${reason}` };
    return { kind: "failed", reason };
  }
}

function causesOf(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let one = error; one !== undefined && chain.length < 5; one = one instanceof Error ? one.cause : undefined)
    chain.push(one);
  return chain;
}
