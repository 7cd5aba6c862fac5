import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { approvalsTable } from "../../shared/azure/approvals-table.ts";
import type { Approval } from "../../shared/core/approval.ts";
import { StateError, StateNewerError } from "../../shared/errors.ts";
import type { Tables } from "../local/tables.ts";
import { startTables } from "../local/tables.ts";

let tables: Tables;
beforeAll(async () => {
  tables = await startTables({});
  await tables.createTables(["Approvals"]);
});
afterAll(() => tables.stop());

type Client = ReturnType<Tables["client"]>;
const client = (): Client => tables.client("Approvals");
const keys = async (): Promise<{ partitionKey: string; rowKey: string }[]> => {
  const found: { partitionKey: string; rowKey: string }[] = [];
  for await (const { partitionKey, rowKey } of client().listEntities())
    found.push({ partitionKey: String(partitionKey), rowKey: String(rowKey) });
  return found;
};
/** Partitions of sets, without what comes after the version. */
const versions = async (): Promise<string[]> => [
  ...new Set((await keys()).flatMap(({ partitionKey }) => /^set-0*(\d+)/.exec(partitionKey)?.[1] ?? [])),
];
beforeEach(async () => {
  await Promise.all((await keys()).map(({ partitionKey, rowKey }) => client().deleteEntity(partitionKey, rowKey)));
});

const approval = (id: string, change: Partial<Approval> = {}): Approval => ({
  id,
  reason: "Für „uns“ \u{1f600}",
  owner: "desk",
  ticket: "CHG-1",
  expires: new Date("2026-09-30T00:00:00Z"),
  tools: ["anydesk"],
  devices: { groups: ["Workstations"] },
  arrival: { signer: "Microsoft Corporation", paths: ["c:\\windows\\ccm\\ccmexec.exe"], accountSids: ["S-1-5-18"] },
  ...change,
});

/** A client of which one method is another. */
const instead = (real: Client, name: keyof Client, does: (...asked: never[]) => unknown): Client =>
  new Proxy(real, { get: (target, key) => (key === name ? does : Reflect.get(target, key, target)) });

describe("the pointer", () => {
  test("made once, at version 0 and the empty set; over a set that counts it changes nothing", async () => {
    const table = approvalsTable(client());
    expect(await table.pointer()).toBeUndefined();
    await table.makePointer();
    expect(await table.pointer()).toBe(0);
    expect(await table.current()).toEqual({ version: 0, approvals: [] });
    await table.apply([approval("a")], 0);
    await table.makePointer();
    expect(await table.pointer()).toBe(1);
  });

  test("a table that is not there is no table without a pointer", async () => {
    const nowhere = approvalsTable(tables.client("Nowhere"));
    await expect(nowhere.pointer()).rejects.toThrow(StateError);
    await expect(nowhere.makePointer()).rejects.toThrow(StateError);
  });
});

describe("apply", () => {
  test("the set is read as it was put in, in its order; without any pointer too", async () => {
    const table = approvalsTable(client());
    const set = [approval("b", { session: { validFrom: new Date(0), validTo: new Date(1) } }), approval("a")];
    expect(await table.apply(set, 0)).toEqual({ kind: "applied", version: 1 });
    expect(await table.current()).toEqual({ version: 1, approvals: set });
    expect(await table.apply([], 1)).toEqual({ kind: "applied", version: 2 });
    expect(await table.current()).toEqual({ version: 2, approvals: [] });
  });

  test("sets of any size: more rows than a page, inventories beyond a property and a transaction", async () => {
    const table = approvalsTable(client());
    const names = Array.from({ length: 20_000 }, (_, i) => `"ws-${i}".ünıt.contoso.example`);
    const set = [
      ...Array.from({ length: 1_200 }, (_, i) => approval(`small-${i}`)),
      ...Array.from({ length: 4 }, (_, i) => approval(`large-${i}`, { devices: { names } })),
    ];
    await table.apply(set, 0);
    expect(await table.current()).toEqual({ version: 1, approvals: set });
  });

  test("R12: a crash between the rows and the pointer leaves the set that was; the next apply goes through", async () => {
    const table = approvalsTable(client());
    await table.apply([approval("old")], 0);
    const crash = () => Promise.reject(new Error("the process ended here"));
    const broken = approvalsTable(instead(client(), "updateEntity", crash));
    await expect(broken.apply([approval("never")], 1)).rejects.toThrow(StateError);
    expect(await table.current()).toEqual({ version: 1, approvals: [approval("old")] });
    expect(await table.apply([approval("next")], 1)).toEqual({ kind: "applied", version: 2 });
    expect(await table.current()).toEqual({ version: 2, approvals: [approval("next")] });
  });

  test("two at once: one set counts, and the other is told", async () => {
    const table = approvalsTable(client());
    await table.makePointer();
    const outcomes = await Promise.all(["a", "b", "c"].map((id) => table.apply([approval(id)], 0)));
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual(["applied", "conflict", "conflict"]);
    const winner = ["a", "b", "c"][outcomes.findIndex(({ kind }) => kind === "applied")];
    expect((await table.current()).approvals.map(({ id }) => id)).toEqual([winner]);
    expect(await table.apply([], 0)).toEqual({ kind: "conflict", stored: 1 });
  });

  test("a move that went through and is sent again by the SDK counts as done", async () => {
    const real = client();
    await approvalsTable(real).makePointer();
    const twice = instead(real, "updateEntity", async (...asked: Parameters<Client["updateEntity"]>) => {
      await real.updateEntity(...asked);
      return real.updateEntity(...asked);
    });
    expect(await approvalsTable(twice).apply([approval("a")], 0)).toEqual({ kind: "applied", version: 1 });
  });

  test("the last ten versions stay, and of older ones nothing, not even what a crash left", async () => {
    const table = approvalsTable(client());
    const crash = () => Promise.reject(new Error("the process ended here"));
    await expect(
      approvalsTable(instead(client(), "createEntity", crash)).apply([approval("never")], 0),
    ).rejects.toThrow();
    for (let version = 0; version < 12; version++) await table.apply([approval(`v${version}`)], version);
    expect(await versions()).toEqual(["3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]);
    expect((await table.current()).version).toBe(12);
  });

  test("old versions that can't be removed are no failure of the set that counts; the next one removes them", async () => {
    const table = approvalsTable(client());
    for (let version = 0; version < 10; version++) await table.apply([approval(`v${version}`)], version);
    const refused = () => Promise.reject(Object.assign(new Error("busy"), { statusCode: 503 }));
    const tired = approvalsTable(
      instead(client(), "listEntities", () => ({
        byPage: () => ({ [Symbol.asyncIterator]: () => ({ next: refused }) }),
      })),
    );
    expect(await tired.apply([approval("v10")], 10)).toEqual({ kind: "applied", version: 11 });
    expect(await versions()).toHaveLength(11);
    await table.apply([approval("v11")], 11);
    expect(await versions()).toHaveLength(10);
  });

  test("a pointer that was lost: the next set is newer than all that were, and than what sightings were judged by", async () => {
    const table = approvalsTable(client());
    for (const version of [0, 1, 2]) await table.apply([approval("a")], version);
    await client().deleteEntity("pointer", "current");
    await expect(table.current()).rejects.toThrow("apply");
    expect(await table.apply([approval("a")], 0)).toEqual({ kind: "applied", version: 4 });
    expect(await table.apply([approval("a")], 4, 9)).toEqual({ kind: "applied", version: 10 });
  });
});

describe("R12: what can't be read is never an empty set", () => {
  beforeEach(async () => {
    await approvalsTable(client()).apply([approval("a"), approval("b")], 0);
  });
  const rows = async () => (await keys()).filter(({ partitionKey }) => partitionKey.startsWith("set-"));

  test.each([
    ["no pointer", async () => client().deleteEntity("pointer", "current"), "no pointer"],
    [
      "a pointer without a version",
      async () => client().upsertEntity({ partitionKey: "pointer", rowKey: "current", schemaVersion: 1 }, "Replace"),
      "malformed",
    ],
    [
      "a row is missing",
      async () => client().deleteEntity((await rows())[0]?.partitionKey ?? "", "00000001"),
      "not whole",
    ],
    [
      "a row too many",
      async () =>
        client().createEntity({
          partitionKey: (await rows())[0]?.partitionKey ?? "",
          rowKey: "00000002",
          text: "0 {}",
        }),
      "not whole",
    ],
    [
      "a row that was changed",
      async () =>
        client().updateEntity(
          { partitionKey: (await rows())[0]?.partitionKey ?? "", rowKey: "00000000", text: "0 {}" },
          "Merge",
        ),
      "not whole",
    ],
    [
      "a set of no approvals, whole",
      async () => approvalsTable(client()).apply([{ ...approval("x"), tools: [] }], 1),
      "holds what is no approval",
    ],
  ])("%s", async (_name, harm, message) => {
    await harm();
    await expect(approvalsTable(client()).current()).rejects.toThrow(StateError);
    await expect(approvalsTable(client()).current()).rejects.toThrow(message);
  });

  test.each(["pointer", "row"])("a %s of a newer version", async (which) => {
    const [row] = await rows();
    const key = which === "row" && row ? row : { partitionKey: "pointer", rowKey: "current" };
    await client().updateEntity({ ...key, schemaVersion: 99 }, "Merge");
    await expect(approvalsTable(client()).current()).rejects.toThrow(StateNewerError);
  });

  test("a read that fails", async () => {
    const throttled = () => Promise.reject(Object.assign(new Error("busy"), { statusCode: 503 }));
    await expect(approvalsTable(instead(client(), "getEntity", throttled)).pointer()).rejects.toThrow(StateError);
    await expect(approvalsTable(instead(client(), "getEntity", throttled)).current()).rejects.toThrow(StateError);
  });

  test("pages: goes on over one that is empty", async () => {
    const real = client();
    const gappy = instead(real, "listEntities", (...asked: Parameters<Client["listEntities"]>) => ({
      byPage: async function* () {
        yield [];
        yield* real.listEntities(...asked).byPage({ maxPageSize: 1 });
      },
    }));
    expect((await approvalsTable(gappy).current()).approvals.map(({ id }) => id)).toEqual(["a", "b"]);
  });
});
