import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ServiceBusMessage } from "@azure/service-bus";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { validatesContract } from "../contract.ts";
import type { Broker } from "../local/service-bus/broker.ts";
import { rig } from "./broker-client.ts";

const SAMPLES = fileURLToPath(new URL("../../docs/samples/", import.meta.url));
const EXAMPLE = fileURLToPath(new URL("../../docs/contract/example-sighting-new.json", import.meta.url));
/** Debian's interpreter, where `python3-qpid-proton` is installed: another `python3` may come first on PATH. */
const PYTHON = "/usr/bin/python3";
const NEEDED = "python3-qpid-proton is not installed (apt-get install python3-qpid-proton)";

const { start, client, end } = rig();

let folder: string;
const consumers: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "firstsight-consumer-"));
});
afterEach(async () => {
  for (const consumer of consumers.splice(0)) await stop(consumer);
  await end();
  await rm(folder, { recursive: true, force: true });
});

interface Ticket {
  readonly ticket: string;
  readonly type: string;
  readonly tool: string;
}

interface Consumer {
  readonly process: ChildProcess;
  readonly tickets: readonly Ticket[];
  readonly errors: readonly string[];
}

function consume(program: string, args: readonly string[]): Consumer {
  // The broker takes any token; that one is put is what is tried.
  const env = { ...process.env, TOKEN: "any" };
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env });
  consumers.push(child);
  const tickets: Ticket[] = [];
  const errors: string[] = [];
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const [last = "", ...whole] = (rest + text).split("\n").toReversed();
    rest = last;
    tickets.push(...whole.toReversed().map((line): Ticket => JSON.parse(line)));
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => void errors.push(text));
  return { process: child, tickets, errors };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGKILL");
  await gone;
}

const sighting: { readonly id: string; readonly data: Readonly<Record<string, unknown>> } = JSON.parse(
  readFileSync(EXAMPLE, "utf8"),
);
const AT = "2026-03-02T10:00:00.000Z";
const WAVE = "a".repeat(64);
const { detection, device, window, source, novelty } = sighting.data;
const header = {
  ...sighting,
  id: WAVE,
  type: "firstsight.wave.v1",
  data: {
    detection,
    novelty,
    source,
    runId: "run-2",
    links: {},
    truncated: [],
    initiators: [],
    wave: { id: WAVE, openedAt: AT, closesAt: "2026-03-03T10:00:00.000Z", threshold: 25, count: 25 },
  },
};
const members = {
  ...sighting,
  id: "b".repeat(64),
  type: "firstsight.wave-members.v1",
  data: {
    detection,
    window,
    source,
    runId: "run-2",
    truncated: [],
    wave: { id: WAVE, openedAt: AT },
    members: [
      {
        id: "c".repeat(64),
        device,
        kind: "new",
        episode: 1,
        announcement: 1,
        firstSeen: AT,
        lastSeen: AT,
        count: 1,
        cause: "new-activity",
      },
    ],
  },
};

/** As the service sends an event. */
const messageOf = (event: { readonly id: string }): ServiceBusMessage => ({
  messageId: event.id,
  contentType: "application/cloudevents+json; charset=utf-8",
  body: Buffer.from(JSON.stringify(event)),
});

async function send(broker: Broker, messages: readonly ServiceBusMessage[]): Promise<void> {
  const sender = client(broker.connectionString).createSender("sightings");
  for (const message of messages) await sender.sendMessages(message);
}

const TOLD = [
  { ticket: sighting.id, type: "firstsight.sighting.new.v1", tool: "level" },
  { ticket: WAVE, type: "firstsight.wave-members.v1", tool: "level" },
  { ticket: WAVE, type: "firstsight.wave.v1", tool: "level" },
];

test("what the consumers are given here is of the contract", () => {
  expect([sighting, header, members].flatMap(validatesContract)).toEqual([]);
});

describe.each([
  ["consumer.ts", (broker: Broker) => [process.execPath, join(SAMPLES, "consumer.ts"), broker.connectionString]],
  ["consumer.py", (broker: Broker) => [PYTHON, join(SAMPLES, "consumer.py"), `localhost:${broker.port}`]],
] as const)("%s", (name, command) => {
  const run = (broker: Broker): Consumer => {
    const [program = "", ...args] = command(broker);
    return consume(program, [...args, "sightings", join(folder, "told.ids")]);
  };
  /** Waits until the queue is empty, ends the consumer and returns all that it has told. */
  const told = async (broker: Broker, consumer: Consumer): Promise<readonly Ticket[]> => {
    const isEmpty = expect.poll(() => broker.messages("sightings").length, { timeout: 30_000 });
    await isEmpty.toBe(0).catch((error: unknown) => {
      throw new Error(`the queue is not empty; the consumer said: ${consumer.errors.join("")}`, { cause: error });
    });
    await stop(consumer.process);
    return consumer.tickets;
  };

  test("a ticket a sighting, one a wave with its members; what comes again opens none, in that process and the next", async (context) => {
    if (name.endsWith(".py") && spawnSync(PYTHON, ["-c", "import proton"]).status !== 0) {
      if (process.env["REQUIRE_PROTON"] === "1") throw new Error(NEEDED);
      context.skip(NEEDED);
    }
    // A queue that drops no duplicates: the consumer alone has to.
    const broker = await start({ duplicateDetection: false });
    await send(broker, [sighting, sighting, members, header, members].map(messageOf));
    await send(broker, [{ ...sighting, id: "e".repeat(64), type: "firstsight.test.v1", data: {} }].map(messageOf));
    await send(broker, [{ messageId: "poison", body: Buffer.from("no JSON") }]);
    expect(await told(broker, run(broker))).toEqual(TOLD);
    expect(broker.deadLetters("sightings").map(({ messageId }) => messageId)).toEqual(["poison"]);

    await send(broker, [sighting, { ...sighting, id: "d".repeat(64) }, header].map(messageOf));
    expect(await told(broker, run(broker))).toEqual([{ ...TOLD[0], ticket: "d".repeat(64) }]);
  });
});
