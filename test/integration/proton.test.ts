import { execFile, spawnSync } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import { skipWithout } from "../skip-without.ts";
import { rig } from "./broker-client.ts";

/** Debian's interpreter, where `python3-qpid-proton` is installed: another `python3` may come first on PATH. */
const PYTHON = "/usr/bin/python3";
const CONSUMER = join(import.meta.dirname, "..", "local", "service-bus", "proton-consumer.py");
const NEEDED = "python3-qpid-proton is not installed (apt-get install python3-qpid-proton)";

const { start, client, end } = rig();
afterEach(end);

const hasProton = (): boolean => spawnSync(PYTHON, ["-c", "import proton"]).status === 0;

test("an independent AMQP client – reads exactly the bytes that the SDK sent, then takes the message", async (context) => {
  skipWithout(hasProton() ? undefined : NEEDED, "REQUIRE_PROTON", context);
  const broker = await start();
  const body = Buffer.from(
    JSON.stringify({ specversion: "1.0", data: { device: "naïve-パソコン", pad: "x".repeat(50_000) } }),
  );
  await client(broker.connectionString)
    .createSender("sightings")
    .sendMessages([
      {
        messageId: "id-1",
        body,
        contentType: "application/cloudevents+json; charset=utf-8",
        subject: "a subject",
        applicationProperties: { cloudEvents_specversion: "1.0", severity: "high" },
      },
      { messageId: "id-2", body: Buffer.from([0, 255, 10, 13]) },
    ]);
  const consume = async (...args: string[]): Promise<unknown[]> => {
    const all = [CONSUMER, String(broker.port), "sightings", "--count", "2", ...args];
    const { stdout } = await promisify(execFile)(PYTHON, all, { maxBuffer: 10_000_000 });
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  };
  const expected = [
    {
      id: "id-1",
      content_type: "application/cloudevents+json; charset=utf-8",
      subject: "a subject",
      properties: { cloudEvents_specversion: "1.0", severity: "high" },
      body: body.toString("base64"),
    },
    { id: "id-2", content_type: null, subject: null, properties: null, body: "AP8KDQ==" },
  ];
  expect(await consume("--peek")).toEqual(expected);
  expect(broker.messages("sightings")).toHaveLength(2);
  expect(await consume()).toEqual(expected);
  expect(broker.messages("sightings")).toEqual([]);
});
