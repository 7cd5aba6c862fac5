import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CONTRACT_FILE, contractText } from "../../scripts/contract-schema.ts";
import { clean } from "../../shared/core/clean.ts";
import { messageId } from "../../shared/core/message-id.ts";
import type { SightingMessageInput } from "../../shared/core/message.ts";
import { MAX_MESSAGE_BYTES } from "../../shared/core/envelope.ts";
import { sightingMessage } from "../../shared/core/message.ts";
import type { OutboxMessage } from "../../shared/core/sighting.ts";
import { validatesContract } from "../contract.ts";

const DETECTION = {
  id: "3bd4f4fb-20a9-4491-8bc1-51e55da7fdcc",
  name: "Remote Management and Monitoring tool - Level - File Signature",
  description: "",
  tool: "level",
  severity: "medium" as const,
  tactics: ["CommandAndControl"],
  techniques: ["T1219"],
  supersedes: [],
  hash: "f".repeat(64),
};
const DEVICE = "0123456789abcdef0123456789abcdef01234567";
const at = (iso: string): Date => new Date(iso);

function input(
  change: {
    readonly deviceName?: string;
    readonly deviceId?: string;
    readonly reports?: readonly string[];
    readonly episode?: number;
    readonly name?: string;
  } = {},
): SightingMessageInput {
  const {
    deviceName = "ws-0001.corp.example",
    deviceId = DEVICE,
    reports = ["4711"],
    episode = 1,
    name = DETECTION.name,
  } = change;
  const seen = {
    detectionId: DETECTION.id,
    deviceId,
    deviceName,
    firstSeen: at("2026-03-01T08:00:00Z"),
    lastSeen: at("2026-03-02T09:30:00Z"),
  };
  return {
    detection: { ...DETECTION, name },
    row: { ...seen, reports, count: 3 },
    sighting: {
      ...seen,
      source: "soc",
      episode,
      announcement: episode,
      disposition: "announced",
      approvalsVersion: 0,
      decidedAt: at("2026-03-02T10:00:00Z"),
      definitionHash: DETECTION.hash,
      messageId: messageId({ ...seen, epochId: "e1", announcement: episode }),
    },
    ...(episode > 1 && {
      previous: { lastSeen: at("2025-10-20T00:00:00Z") },
    }),
    cause: "new-activity",
    novelty: { firstInState: true, knownDevices: 0 },
    window: { from: at("2026-02-25T10:00:00Z"), to: at("2026-03-02T10:00:00Z") },
    source: { name: "soc", id: "00000000-0000-4000-8000-000000000001", kind: "log-analytics" as const },
    runId: "run-1",
    decidedAt: at("2026-03-02T10:00:00Z"),
  };
}

const decode = (message: OutboxMessage): Record<string, unknown> & { data: Record<string, Record<string, unknown>> } =>
  JSON.parse(new TextDecoder().decode(message.body));

describe("the contract", () => {
  test("the schema on disk is the schema in code (npm run contract writes it)", async () => {
    expect(await readFile(CONTRACT_FILE, "utf8")).toBe(contractText());
  });

  test("the example beside it is what the code makes", async () => {
    const event = `${JSON.stringify(decode(sightingMessage(input())), undefined, 2)}\n`;
    await expect(event).toMatchFileSnapshot(fileURLToPath(new URL("example-sighting-new.json", CONTRACT_FILE)));
  });

  test.each([1, 2])("a message of episode %i is valid, and one without its cause is not", (episode) => {
    const event = decode(sightingMessage(input({ episode })));
    expect(validatesContract(event)).toEqual([]);
    delete event.data["cause"];
    expect(validatesContract(event)).not.toEqual([]);
  });

  test("the schema itself is a valid schema", () => {
    const ajv = new Ajv2020({ strict: true });
    addFormats.default(ajv);
    expect(ajv.validateSchema(JSON.parse(contractText()))).toBe(true);
  });
});

describe("sightingMessage", () => {
  test("type – follows the episode, whatever the cause", () => {
    expect(sightingMessage(input()).type).toBe("firstsight.sighting.new.v1");
    expect(sightingMessage({ ...input({ episode: 3 }), cause: "approval-ended" }).type).toBe(
      "firstsight.sighting.returned.v1",
    );
  });

  test("attributes – stand as properties too, beside those for filters", () => {
    const message = sightingMessage(input());
    const event = decode(message);
    expect(message.properties).toEqual({
      cloudEvents_specversion: "1.0",
      cloudEvents_id: message.id,
      cloudEvents_type: event["type"],
      cloudEvents_source: event["source"],
      cloudEvents_subject: event["subject"],
      cloudEvents_time: "2026-03-01T08:00:00.000Z",
      detectionId: DETECTION.id,
      tool: "level",
      severity: "medium",
      cause: "new-activity",
      sourceName: "soc",
    });
  });

  test("the same input gives the same bytes", () => {
    expect(sightingMessage(input()).body).toEqual(sightingMessage(input()).body);
  });

  test("a device name of 10 kB with control characters – bounded, cleaned, and the cut is said", () => {
    const event = decode(sightingMessage(input({ deviceName: `ws\u0000\u001b[31m\u202e\r\n${"x".repeat(10_000)}` })));
    expect(event.data["device"]?.["name"]).toBe(`ws[31m${"x".repeat(250)}`);
    expect(event.data["truncated"]).toEqual(["device.name"]);
  });

  test("whatever a device says, the message is valid and within its bytes", () => {
    const hostile = fc.string({ unit: "binary", maxLength: 3000 });
    fc.assert(
      fc.property(hostile, hostile, fc.array(hostile, { maxLength: 300 }), (deviceName, id, reports) => {
        const message = sightingMessage(input({ deviceName, deviceId: `d${id}`, reports, name: "n".repeat(5000) }));
        expect(message.body.byteLength).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
        expect(validatesContract(decode(message))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

describe("messageId", () => {
  const base = {
    epochId: "e1",
    detectionId: DETECTION.id,
    deviceId: DEVICE,
    announcement: 1,
    firstSeen: at("2026-03-01T08:00:00Z"),
  };

  test("is the same for the same telling, whatever the hour", () => {
    expect(messageId({ ...base, firstSeen: at("2026-03-01T23:59:59Z") })).toBe(messageId(base));
    expect(messageId(base)).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    ["epoch", { epochId: "e2" }],
    ["detection", { detectionId: "other" }],
    ["device", { deviceId: "other" }],
    ["announcement", { announcement: 2 }],
    ["day", { firstSeen: at("2026-03-02T00:00:00Z") }],
  ])("R19 – differs by %s", (_name, change) => {
    expect(messageId({ ...base, ...change })).not.toBe(messageId(base));
  });
});

test("clean – never longer than asked, never with what bends a line", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 500 }), fc.integer({ min: 0, max: 100 }), (text, length) => {
      const { text: cleaned, cut } = clean(text, length);
      expect(Array.from(cleaned).length).toBeLessThanOrEqual(length);
      expect(cleaned).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
      expect(cleaned.isWellFormed()).toBe(true);
      expect(cut || clean(text, 1_000_000).text === cleaned).toBe(true);
    }),
  );
});
