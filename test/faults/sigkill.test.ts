import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtPackage } from "../built-package.ts";
import type { Passing } from "../local/fault-proxy.ts";
import type { FunctionsProcess } from "../local/functions-host/spawn.ts";
import { spawnFunctions } from "../local/functions-host/spawn.ts";
import type { Stage } from "./stage.ts";
import { HOUR, startStage } from "./stage.ts";

/**
 * The deployed functions in a process of their own, killed with SIGKILL before or after one durable step, then started again.
 * The kill comes from outside: from the gate before the tables, and from the broker.
 */

const DEVICES = ["0", "7", "f"].flatMap((prefix) => [1, 2].map((n) => `${prefix}${String(n).padStart(39, "0")}`));

/** The durable steps that carry the promise; each is met at least once in a first run. */
const STEPS: Readonly<Record<string, (passing: Passing) => boolean>> = {
  "state transaction": ({ kind, body }) =>
    kind === "transaction" && body.includes('"RowKey":"outbox|') && body.includes("POST "),
  "outbox delete": ({ kind, method, body, path }) =>
    kind === "transaction" ? /^DELETE /m.test(body) : method === "DELETE" && path.includes("outbox"),
  coverage: ({ kind, body }) => kind === "transaction" && body.includes("coveredTo"),
};

let packageDir: string;
beforeAll(async () => {
  packageDir = await builtPackage();
}, 120_000);

describe.each([true, false])("de-duplication of the broker: %s", (deduplicate) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage({ deduplicate, machineClock: true });
  });
  afterAll(() => stage.close());

  const cases = Object.keys(STEPS).flatMap((step) =>
    [1, 2, 3].flatMap((nth) => (["before", "after"] as const).map((side) => ({ step, nth, side }))),
  );

  test.each(cases.filter(({ step, nth }) => step !== "coverage" || nth === 1))(
    "killed $side $step $nth",
    async ({ step, nth, side }) => {
      await reset(stage);
      const matches = STEPS[step];
      if (!matches) throw new Error(`no such step: ${step}`);
      let met = 0;
      const strike = async (host: FunctionsProcess, passing: Passing): Promise<"pass" | "drop"> => {
        if (!matches(passing) || ++met !== nth) return "pass";
        await host.kill();
        return "drop";
      };
      await killedRun(stage, (host) => {
        if (side === "before") stage.proxy.before = (passing) => strike(host, passing);
        else stage.proxy.after = (passing) => strike(host, passing);
      });
      expect(met, "the step was met").toBeGreaterThanOrEqual(nth);
      await restartAndCheck(stage, deduplicate);
    },
  );

  test.each(["before", "after"] as const)("killed %s a send", async (side) => {
    await reset(stage);
    await killedRun(stage, (host) => {
      let struck = false;
      stage.broker.hooks = {
        onSend: async () => {
          if (struck) return "accept";
          struck = true;
          await host.kill();
          return side === "before" ? "drop" : "store-then-drop";
        },
      };
    });
    await restartAndCheck(stage, deduplicate);
  });
});

async function reset(stage: Stage): Promise<void> {
  stage.proxy.before = () => "pass";
  stage.proxy.after = () => "pass";
  stage.broker.hooks = {};
  await stage.deleteAll("Sightings");
  await stage.deleteAll("Coverage");
  stage.seen.length = 0;
  // New devices each time: the queue and its de-duplication stay as they are.
  round += 1;
  stage.seen.push(...devices().map((device) => ({ device, at: -HOUR })));
}

let round = 0;
const devices = (): string[] =>
  DEVICES.map((device) => device.slice(0, 1) + device.slice(-1) + String(round).padStart(38, "0"));

async function killedRun(stage: Stage, arm: (host: FunctionsProcess) => void): Promise<void> {
  const host = await spawnFunctions(packageDir, {
    settings: { ...stage.settings(), ...SCHEDULES },
    onOutput: () => {},
  });
  arm(host);
  await expect(host.invoke("detectSightings")).rejects.toThrow();
  expect(await host.exited).toBe("SIGKILL");
  stage.proxy.before = () => "pass";
  stage.proxy.after = () => "pass";
  stage.broker.hooks = {};
}

const SCHEDULES = {
  DETECT_SCHEDULE: "0 */15 * * * *",
  RELAY_SCHEDULE: "0 */5 * * * *",
  RETAIN_SCHEDULE: "0 30 3 * * *",
};

async function restartAndCheck(stage: Stage, deduplicate: boolean): Promise<void> {
  const host = await spawnFunctions(packageDir, {
    settings: { ...stage.settings(), ...SCHEDULES },
    onOutput: () => {},
  });
  try {
    await host.invoke("detectSightings");
    await host.invoke("relayOutbox");
  } finally {
    await host.stop();
  }
  const received = stage.onQueue().filter(({ deviceId }) => devices().includes(deviceId));
  const announced = new Map(received.map(({ id, deviceId }) => [id, deviceId]));
  // A consumer that keeps ids ends with each once; with de-duplication nobody else has to.
  expect([...announced.values()].toSorted()).toEqual(devices().toSorted());
  if (deduplicate) expect(received).toHaveLength(DEVICES.length);
  expect(await stage.outboxDepth()).toBe(0);
}
