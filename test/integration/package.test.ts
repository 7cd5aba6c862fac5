import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtPackage } from "../built-package.ts";
import type { FunctionsProcess } from "../local/functions-host/spawn.ts";
import { spawnFunctions } from "../local/functions-host/spawn.ts";

const SETTINGS = {
  DETECT_SCHEDULE: "0 */15 * * * *",
  RELAY_SCHEDULE: "0 */5 * * * *",
  RETAIN_SCHEDULE: "0 30 3 * * *",
};

let folder: string;
let host: FunctionsProcess | undefined;

beforeAll(async () => {
  folder = await builtPackage();
}, 120_000);

afterAll(() => host?.stop());

test("the bundle alone, in a folder without node_modules, registers exactly the three functions, without any setting but schedules", async () => {
  for (let above = folder; above !== dirname(above); above = dirname(above))
    expect(existsSync(join(above, "node_modules"))).toBe(false);
  expect((await readdir(folder)).toSorted()).toEqual(["chunks", "functions", "host.json", "package.json"]);
  host = await spawnFunctions(folder, { settings: SETTINGS });
  expect(host.functions).toEqual([
    { name: "detectSightings", type: "timerTrigger", schedule: "0 */15 * * * *" },
    { name: "relayOutbox", type: "timerTrigger", schedule: "0 */5 * * * *" },
    { name: "retainState", type: "timerTrigger", schedule: "0 30 3 * * *" },
  ]);
});

test("a setting that is missing fails the invocation, and names every one", async () => {
  await expect(host?.invoke("detectSightings")).rejects.toThrow(
    /LOG_ANALYTICS_WORKSPACES is missing.*STATE_TABLE_ENDPOINT is missing.*SERVICE_BUS_NAMESPACE is missing/s,
  );
});
