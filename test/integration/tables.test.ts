import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { TableClient, TransactionAction } from "@azure/data-tables";
import { startTables, type Tables } from "../local/tables.ts";

const started: Tables[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const tables of started.splice(0)) await tables.kill();
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

async function start(options?: Parameters<typeof startTables>[0]): Promise<Tables> {
  const tables = await startTables(options);
  started.push(tables);
  return tables;
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "firstsight-tables-"));
  folders.push(made);
  return made;
}

const batch = (partitionKey: string, rows: number): TransactionAction[] =>
  Array.from({ length: rows }, (_, row) => ["create", { partitionKey, rowKey: `row ${row}`, number: row }]);

async function rowKeys(client: TableClient): Promise<string[]> {
  const keys: string[] = [];
  for await (const entity of client.listEntities()) keys.push(`${entity.partitionKey}|${entity.rowKey}`);
  return keys.toSorted();
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("tables in memory: two services side by side on free ports, tables made twice without complaint", async () => {
  const [one, two] = await Promise.all([start(), start()]);
  expect(one.port).not.toBe(two.port);
  await one.createTables(["Sightings", "Coverage"]);
  await one.createTables(["Sightings", "Coverage"]);
  await one.client("Sightings").createEntity({ partitionKey: "a", rowKey: "b" });
  expect(await rowKeys(one.client("Sightings"))).toEqual(["a|b"]);
  await expect(rowKeys(two.client("Sightings"))).rejects.toMatchObject({ statusCode: 404 });
  await one.stop();
  expect(isAlive(one.pid)).toBe(false);
});

test("a port that is taken: the start fails and says so", async () => {
  const one = await start();
  await expect(startTables({ port: one.port })).rejects.toThrow(/EADDRINUSE/);
});

test("tables in a directory: each kind of acknowledged write survives SIGKILL right after its answer", async () => {
  const directory = folder();
  let tables = await start({ directory });
  const { port } = tables;
  const restart = async (): Promise<TableClient> => {
    await tables.kill();
    tables = await start({ directory, port });
    return tables.client("Sightings");
  };
  await tables.createTables(["Sightings"]);

  let client = await restart();
  await client.submitTransaction(batch("a", 100));
  client = await restart();
  expect(await rowKeys(client)).toHaveLength(100);

  await client.createEntity({ partitionKey: "b", rowKey: "1", number: 1 });
  client = await restart();
  await client.updateEntity({ partitionKey: "b", rowKey: "1", number: 2 }, "Replace", { etag: "*" });
  client = await restart();
  expect(await client.getEntity("b", "1")).toMatchObject({ number: 2 });

  await client.upsertEntity({ partitionKey: "b", rowKey: "1", text: "merged" }, "Merge");
  client = await restart();
  expect(await client.getEntity("b", "1")).toMatchObject({ number: 2, text: "merged" });

  await client.deleteEntity("b", "1");
  client = await restart();
  expect(await rowKeys(client)).toHaveLength(100);

  await client.submitTransaction([
    ["delete", { partitionKey: "a", rowKey: "row 0" }],
    ["update", { partitionKey: "a", rowKey: "row 1", number: 11 }, "Replace"],
  ]);
  client = await restart();
  expect(await rowKeys(client)).toHaveLength(99);
  expect(await client.getEntity("a", "row 1")).toMatchObject({ number: 11 });
});

test("tables in a directory: killed among many transactions, each is there whole or not at all, the acknowledged ones whole", async () => {
  const directory = folder();
  const tables = await start({ directory });
  await tables.createTables(["Sightings"]);
  const client = tables.client("Sightings");
  const acknowledged: string[] = [];
  const partitions = Array.from({ length: 40 }, (_, index) => `p${index}`);
  const killed = new AbortController();
  const sent = partitions.map(async (partition) => {
    await client.submitTransaction(batch(partition, 20), { abortSignal: killed.signal });
    acknowledged.push(partition);
    if (acknowledged.length === 10) {
      await tables.kill();
      killed.abort();
    }
  });
  await Promise.allSettled(sent);

  const again = await start({ directory });
  const counts = new Map<string, number>();
  for (const key of await rowKeys(again.client("Sightings"))) {
    const partition = key.split("|")[0] ?? "";
    counts.set(partition, (counts.get(partition) ?? 0) + 1);
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(10);
  expect(acknowledged.filter((partition) => counts.get(partition) !== 20)).toEqual([]);
  expect([...counts.values()].filter((count) => count !== 20)).toEqual([]);
});

test("a transaction that is refused leaves nothing behind, also on disk", async () => {
  const directory = folder();
  const tables = await start({ directory });
  await tables.createTables(["Sightings"]);
  await tables.client("Sightings").createEntity({ partitionKey: "a", rowKey: "row 2" });
  await expect(tables.client("Sightings").submitTransaction(batch("a", 5))).rejects.toMatchObject({
    statusCode: 409,
    message: /^2:/,
  });
  await tables.client("Sightings").createEntity({ partitionKey: "a", rowKey: "after" });
  await tables.kill();
  const again = await start({ directory });
  expect(await rowKeys(again.client("Sightings"))).toEqual(["a|after", "a|row 2"]);
});

test("a parent that is killed: its service ends too, and a later start over the directory goes on", async () => {
  const directory = folder();
  const module = join(import.meta.dirname, "..", "local", "tables.ts");
  const program = `
    import { startTables } from ${JSON.stringify(module)};
    const tables = await startTables({ directory: ${JSON.stringify(directory)} });
    await tables.createTables(["Sightings"]);
    await tables.client("Sightings").createEntity({ partitionKey: "a", rowKey: "b" });
    console.log(tables.pid);`;
  const parent = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((said) => createInterface(parent.stdout).once("line", said));
  parent.kill("SIGKILL");
  const pid = Number(line);
  expect(readFileSync(join(directory, "tables.pid"), "utf8").trim()).toBe(line);
  while (isAlive(pid)) await delay(10);

  const again = await start({ directory });
  expect(await rowKeys(again.client("Sightings"))).toEqual(["a|b"]);
});

test("a service whose id is not noted yet waits, and ends untouched when its parent does", async () => {
  const directory = folder();
  const preload = join(import.meta.dirname, "..", "local", "azurite-durable.cjs");
  const main = createRequire(import.meta.url).resolve("azurite/dist/src/table/main.js");
  const waiting = spawn(process.execPath, ["--require", preload, main, "--location", directory, "--tablePort", "0"]);
  const ended = new Promise((gone) => waiting.once("close", gone));
  // Two that were begun later are ready by now: this one would be, too.
  await start();
  await start();
  expect(readdirSync(directory)).toEqual([]);
  waiting.stdin.end();
  expect(await ended).toBe(0);
  expect(readdirSync(directory)).toEqual([]);
});

test("a left-over that cannot end by itself is ended by the next start over its directory", async () => {
  const directory = folder();
  const first = await start({ directory });
  await first.createTables(["Sightings"]);
  process.kill(first.pid, "SIGSTOP");
  const second = await start({ directory });
  expect(isAlive(first.pid)).toBe(false);
  expect(await rowKeys(second.client("Sightings"))).toEqual([]);
});
