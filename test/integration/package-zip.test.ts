import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Packaged } from "../../scripts/package.ts";
import { writePackage } from "../../scripts/package.ts";
import { zipArchive } from "../../scripts/zip-archive.ts";
import { SETTINGS } from "../../shared/settings/settings.ts";
import { startAzure } from "../local/embedded/azure.ts";
import { makeFleet } from "../local/fleet.ts";
import { spawnFunctions } from "../local/functions-host/spawn.ts";
import { unzip } from "../unzip.ts";
import { skipWithout } from "../skip-without.ts";

const DIST = fileURLToPath(new URL("../../dist/", import.meta.url));
/** Debian's: its module `zipfile` is a reader that is not ours. */
const PYTHON = "/usr/bin/python3";

let folder: string;
let packaged: Packaged;
let archive: Buffer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "firstsight-zip-"));
  packaged = await writePackage(join(folder, "one.zip"));
  archive = readFileSync(packaged.target);
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test("two packagings of the same sources are the same bytes, whenever the files were written", async () => {
  const then = new Date("2020-02-29T12:34:56Z");
  for (const path of ["host.json", "package.json"]) utimesSync(join(DIST, path), then, then);
  const again = await writePackage(join(folder, "two.zip"));
  expect(readFileSync(again.target).equals(archive)).toBe(true);
});

test("what is in it: host.json, a package.json of four names, scripts; nothing else", () => {
  const files = unzip(archive);
  expect([...files.keys()].filter((path) => !/^chunks\/[\w-]+\.js$/.test(path))).toEqual([
    "functions/detect-sightings.js",
    "functions/relay-outbox.js",
    "functions/retain-state.js",
    "host.json",
    "package.json",
  ]);
  const { name, version, ...rest } = JSON.parse(String(files.get("package.json"))) as Record<string, unknown>;
  expect([name, version]).toEqual(["firstsight", expect.stringMatching(/^\d+\.\d+\.\d+/)]);
  expect(rest).toEqual({ type: "module", main: "functions/*.js" });
  expect(packaged.bytes).toBe(archive.length);
  expect(packaged.files).toEqual([...files].map(([path, { length }]) => ({ path, bytes: length })));
});

test("an unpacker that is not ours reads it", (context) => {
  const needed = "python3 is not installed (apt-get install python3)";
  skipWithout(existsSync(PYTHON) ? undefined : needed, "REQUIRE_PROTON", context);
  expect(String(execFileSync(PYTHON, ["-m", "zipfile", "-t", packaged.target]))).toBe("Done testing\n");
  const listed = String(execFileSync(PYTHON, ["-m", "zipfile", "-l", packaged.target]))
    .trim()
    .split("\n")
    .slice(1);
  expect(listed.map((line) => line.split(/\s+/))).toEqual(
    packaged.files.map(({ path, bytes }) => [path, "1980-01-01", "00:00:00", String(bytes)]),
  );
});

test("an archive – the order of its files is that of their names; a path that leads out is refused", () => {
  const files: [string, Uint8Array][] = [
    ["b/ü.txt", Buffer.from("two")],
    ["a", new Uint8Array()],
  ];
  expect(zipArchive(new Map(files)).equals(zipArchive(new Map(files.toReversed())))).toBe(true);
  expect(Object.fromEntries(unzip(zipArchive(new Map(files))))).toEqual({
    a: Buffer.alloc(0),
    "b/ü.txt": Buffer.from("two"),
  });
  for (const path of ["/a", "../a", "a/../../b", "a\\b"])
    expect(() => zipArchive(new Map([[path, new Uint8Array()]]))).toThrow(path);
});

test("unpacked in an empty folder without node_modules above, it registers its functions and does a run", async () => {
  const app = join(folder, "app");
  for (const [path, contents] of unzip(archive)) {
    mkdirSync(dirname(join(app, path)), { recursive: true });
    writeFileSync(join(app, path), contents);
  }
  for (let above = app; above !== dirname(above); above = dirname(above))
    expect(existsSync(join(above, "node_modules"))).toBe(false);

  // The stand-in's clock is the machine's: rows are as old as they say.
  const fleet = makeFleet({ devices: 60, seed: 1, now: new Date() });
  const azure = await startAzure(() => fleet, undefined);
  const lines: Record<string, unknown>[] = [];
  try {
    const host = await spawnFunctions(app, {
      settings: { ...schedules(), ...azure.settings, AZURE_CLIENT_ID: "", WEBSITE_INSTANCE_ID: "", LOG_LEVEL: "info" },
      onLog: ({ message }) => void (message.startsWith("{") && lines.push(JSON.parse(message))),
    });
    try {
      expect(host.functions.map(({ name }) => name)).toEqual(["detectSightings", "relayOutbox", "retainState"]);
      await host.invoke("detectSightings");
    } finally {
      await host.stop();
    }
    const record = lines.find(({ event }) => event === "run.completed");
    // No approval is put in: whatever a device holds is told.
    const held = fleet.holdings.length;
    expect(record).toMatchObject({ outcome: "ok", new: held, announced: held, outboxDepth: 0 });
    expect(azure.broker.messages("sightings")).toHaveLength(Number(record?.["sent"]));
  } finally {
    await azure.close();
  }
});

/** The host reads them itself. */
const schedules = (): Record<string, string> =>
  Object.fromEntries(
    SETTINGS.flatMap((setting) =>
      setting.name.endsWith("_SCHEDULE") && "default" in setting ? [[setting.name, setting.default]] : [],
    ),
  );
