import { expect, test } from "vitest";
import { run } from "../../shared/run/run.ts";
import type { Passing, Verdict } from "../local/fault-proxy.ts";
import type { SendDecision } from "../local/service-bus/hooks.ts";
import type { Stage } from "./stage.ts";
import { HOUR, startStage } from "./stage.ts";

/** Two runs at the same moment over one state: the first is held before its n-th durable step while the second runs through. */

const DEVICES = ["0", "7", "f"].flatMap((prefix) => [1, 2].map((n) => `${prefix}${String(n).padStart(39, "0")}`));

const isDurable = ({ kind }: Passing): boolean => kind !== "read";

async function prepared(): Promise<Stage> {
  const stage = await startStage();
  stage.seen.push(...DEVICES.map((device) => ({ device, at: -HOUR })));
  return stage;
}

/** A tool's definition is noted as read: one write a tool. */
const isNote = ({ path, body }: Passing): boolean =>
  decodeURIComponent(path).includes("'detection'") || body.includes('"detection"');

/** The durable steps that one run takes alone: writes to the state, and sends. */
async function stepsOfOneRun(): Promise<readonly Passing[]> {
  const stage = await prepared();
  try {
    await stage.run();
    return stage.proxy.seen.filter(isDurable);
  } finally {
    await stage.close();
  }
}

test("whichever is held at whichever step, each device is told once", { timeout: 600_000 }, async () => {
  const steps = await stepsOfOneRun();
  expect(steps.length).toBeGreaterThan(40);
  const notes = steps.flatMap((step, i) => (isNote(step) ? [i] : []));
  expect(notes.length).toBeGreaterThan(90);
  // The writes that make and name the epochs are alike, and so are the notes: every fourth of the ones, every sixteenth of the others.
  const held = steps.flatMap((step, i) => {
    if (i < 35 && i % 4 !== 0) return [];
    return isNote(step) && (i - (notes[0] ?? 0)) % 16 !== 0 ? [] : [i + 1];
  });
  for (const n of held) {
    const stage = await prepared();
    try {
      await holdAndOvertake(stage, n);
      expect(stage.devicesOnQueue(), `held before step ${n}`).toEqual(DEVICES.toSorted());
      expect(new Set(stage.onQueue().map(({ id }) => id)).size).toBe(DEVICES.length);
      expect(await stage.outboxDepth()).toBe(0);
      stage.now += HOUR / 4;
      expect(await stage.run()).toMatchObject({ outcome: "ok", new: 0, announced: 0, sent: 0 });
    } finally {
      await stage.close();
    }
  }
});

async function holdAndOvertake(stage: Stage, n: number): Promise<void> {
  const { proxy, settings } = await stage.openFaultProxy();
  let durable = 0;
  let reached: () => void = () => {};
  let release: () => void = () => {};
  const atStep = new Promise<void>((resolve) => (reached = resolve));
  const goOn = new Promise<void>((resolve) => (release = resolve));
  proxy.before = async (passing): Promise<Verdict> => {
    if (isDurable(passing) && ++durable === n) {
      reached();
      await goOn;
    }
    return "pass";
  };
  const first = run(stage.compose(settings).service);
  await Promise.race([atStep, first]);
  const second = await run(stage.compose().service);
  release();
  expect(second.outcome).toBe("ok");
  expect((await first).outcome).toBe("ok");
}

test("two runs that send at the same moment – the broker drops what comes twice", async () => {
  const stage = await prepared();
  try {
    let sends = 0;
    let release: () => void = () => {};
    const bothThere = new Promise<void>((resolve) => (release = resolve));
    stage.broker.hooks = {
      onSend: async (): Promise<SendDecision> => {
        if (++sends === 2) release();
        await bothThere;
        return "accept";
      },
    };
    const alone = stage.compose({ ANNOUNCE_LIMIT: "100" });
    // The first commits without sending, so that both relays find the same outbox.
    await run({ ...alone.service, relay: async () => ({ sent: 0, refused: 0, depth: 0, oldestSeconds: 0 }) });
    await Promise.all([alone.relay(), stage.compose().relay()]);
    expect(sends).toBe(2);
    expect(stage.devicesOnQueue()).toEqual(DEVICES.toSorted());
    expect(stage.broker.duplicates).toBe(DEVICES.length);
  } finally {
    await stage.close();
  }
});
