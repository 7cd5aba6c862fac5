import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../shared/errors.ts";
import { run } from "../../shared/run/run.ts";
import type { Verdict } from "../local/fault-proxy.ts";
import { EVIDENCE_FAULTS } from "./evidence-faults.ts";
import type { Fault } from "./fault.ts";
import { A, B, gated, isSightings, once, onQuery } from "./fault.ts";
import type { Stage } from "./stage.ts";
import { DAY, HOUR, startStage, WORKSPACES } from "./stage.ts";

/** docs/faults.md, line by line: what it says is what happens. */

interface Line {
  readonly fault: string;
  readonly run: string;
  readonly coverage: string;
  readonly outbox: number;
  readonly logged: string;
}

const LINES: readonly Line[] = readFileSync(new URL("../../docs/faults.md", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| Fault"))
  .map((line) => {
    const [, fault = "", outcome = "", coverage = "", outbox = "", logged = ""] = line
      .split("|")
      .map((cell) => cell.trim());
    return { fault, run: outcome, coverage, outbox: Number(outbox), logged };
  });

const isWhole = (query: string): boolean => isSightings(query) && !query.includes("startswith");

const onSend = (stage: Stage, decide: NonNullable<Stage["broker"]["hooks"]["onSend"]>): void =>
  void (stage.broker.hooks = { onSend: decide });

const FAULTS: Readonly<Record<string, Fault>> = {
  none: { make: () => {} },
  "a setting is malformed": {
    make: () => {},
    run: async (stage) => {
      expect(() =>
        stage.compose({ LOG_ANALYTICS_WORKSPACES: '[{"name":"north","id":"secret-value"}]', HORIZON_DAYS: "x" }),
      ).toThrow(ConfigError);
      try {
        stage.compose({ LOG_ANALYTICS_WORKSPACES: '[{"name":"north","id":"secret-value"}]', HORIZON_DAYS: "x" });
      } catch (error) {
        expect(String(error)).toMatch(/LOG_ANALYTICS_WORKSPACES\[0\]\.id .*HORIZON_DAYS/);
        expect(String(error)).not.toContain("secret-value");
      }
      return "nothing runs";
    },
  },
  "the query API throttles once, with Retry-After": {
    make: (stage) => onQuery(stage, once({ status: 429, headers: { "retry-after": "0" } }, undefined)),
  },
  "the query API throttles once, without Retry-After": {
    make: (stage) => onQuery(stage, once({ status: 429 }, undefined)),
  },
  "the query API is down (503)": { make: (stage) => onQuery(stage, () => ({ status: 503 })) },
  "the query API cuts the connection": { make: (stage) => onQuery(stage, () => "drop") },
  "the sightings query alone fails (503)": {
    make: (stage) => onQuery(stage, ({ query }) => (isSightings(query) ? { status: 503 } : undefined)),
  },
  "one source of two refuses (403)": {
    twoWorkspaces: true,
    make: (stage) => onQuery(stage, ({ workspace }) => (workspace === WORKSPACES.south ? { status: 403 } : undefined)),
  },
  "every source refuses (401)": { make: (stage) => onQuery(stage, () => ({ status: 401 })) },
  "the query is refused (semantic error)": {
    make: () => {},
    run: (stage) => {
      const { service } = stage.compose();
      return run({
        ...service,
        packs: service.packs.map((pack) => ({
          ...pack,
          query: ["DeviceFileCertificateInfo | where Sigmer has 'x' // FirstSeen"],
        })),
      });
    },
  },
  "the result is partial, its slices are not": {
    make: (stage) => onQuery(stage, ({ query }) => (isWhole(query) ? { partial: { keepRows: 1 } } : undefined)),
  },
  "one slice stays partial however it is cut": {
    make: (stage) =>
      onQuery(stage, ({ query }) =>
        isWhole(query) || query.includes('startswith "a') ? { partial: { keepRows: 100 } } : undefined,
      ),
  },
  "the query takes too long (504), its slices don't": {
    make: (stage) => onQuery(stage, ({ query }) => (isWhole(query) ? "timeout" : undefined)),
  },
  "the answer is empty (200 without a body)": { make: (stage) => onQuery(stage, () => "empty-200") },
  "the answer is 204": { make: (stage) => onQuery(stage, () => "no-content-204") },
  "the table shows nothing (protected)": {
    make: (stage) => onQuery(stage, () => ({ protect: ["DeviceFileCertificateInfo"] })),
  },
  "the table has been silent for a day": {
    make: (stage) => {
      stage.silent.push({ from: stage.now, to: stage.now + 2 * DAY });
      stage.now += DAY;
      stage.seen.length = 0;
    },
    clear: (stage) => {
      stage.silent.length = 0;
      stage.seen.push({ device: A, at: HOUR, ingested: stage.now }, { device: B, at: HOUR, ingested: stage.now });
    },
  },
  "a row has no DeviceId": { make: (stage) => void stage.seen.push({ device: "", at: stage.now }) },
  "a device's name is hostile": {
    make: (stage) =>
      void stage.seen.push({ device: A, at: stage.now, name: `\u0000\u001b[31m\u202e'); drop${"x".repeat(10_000)}` }),
  },
  "the state can't be read (503)": {
    make: gated(({ kind, path }) => kind === "read" && path.includes("Coverage"), { status: 503 }),
  },
  "the state refuses one sighting": {
    make: gated(({ kind, body }) => kind === "transaction" && body.includes(B) && body.includes("POST"), {
      status: 400,
      code: "PropertyValueTooLarge",
    }),
  },
  "another run writes first": {
    make: (stage) => {
      let interfered = false;
      stage.proxy.before = async ({ kind, body }): Promise<Verdict> => {
        if (kind === "transaction" && body.includes(A) && !interfered) {
          interfered = true;
          await stage.run();
        }
        return "pass";
      };
    },
  },
  "coverage can't be written (503)": {
    make: gated(({ kind, body }) => kind === "transaction" && body.includes("coveredTo"), { status: 503 }),
  },
  "Coverage is gone, the sightings are there": { make: (stage) => stage.deleteAll("Coverage") },
  "the sightings are gone, Coverage is there": {
    make: (stage) => stage.deleteAll("Sightings"),
    clear: async (stage) => {
      const { recoverState } = await import("../../shared/operations/recover-state.ts");
      expect(await recoverState(stage.compose().service, "restore")).toMatchObject({ restored: 0 });
    },
  },
  "the state was written by a newer version": {
    make: (stage) =>
      stage
        .client("Coverage")
        .createEntity({ partitionKey: "detection", rowKey: "of-tomorrow", schemaVersion: 2 })
        .then(() => {}),
    clear: (stage) =>
      stage
        .client("Coverage")
        .deleteEntity("detection", "of-tomorrow")
        .then(() => {}),
  },
  "the broker can't be reached": { make: (stage) => void (stage.broker.hooks = { refuseConnections: true }) },
  "the broker is busy": { make: (stage) => onSend(stage, () => ({ reject: "com.microsoft:server-busy" })) },
  "the broker says nothing": { make: (stage) => onSend(stage, () => "silent") },
  "the connection drops before the message is stored": {
    make: (stage) => onSend(stage, once("drop" as const, "accept" as const)),
  },
  "the connection drops after the message is stored": {
    make: (stage) => onSend(stage, once("store-then-drop" as const, "accept" as const)),
  },
  "the broker refuses one message (quota)": {
    make: (stage) =>
      onSend(stage, (messages) =>
        messages.some(({ encoded }) => encoded.includes(`/${B}`))
          ? { reject: "amqp:resource-limit-exceeded" }
          : "accept",
      ),
  },
  "the queue is missing": { make: (stage) => void (stage.broker.hooks = { entityMissing: true }) },
  "the queue is disabled": { make: (stage) => onSend(stage, () => ({ reject: "com.microsoft:entity-disabled" })) },
  "the outbox can't be deleted from": {
    make: gated(({ method, body }) => method === "DELETE" || /^DELETE /m.test(body), { status: 503 }),
  },
  ...EVIDENCE_FAULTS,
};

test("every line has its fault, and every fault its line", () => {
  expect(LINES.map(({ fault }) => fault)).toEqual(Object.keys(FAULTS));
});

describe.each(LINES)("$fault", (line) => {
  test(`run ${line.run}, coverage ${line.coverage}, outbox ${line.outbox}`, async () => {
    const fault = FAULTS[line.fault];
    if (!fault) throw new Error(`docs/faults.md has a line without a fault: ${line.fault}`);
    const stage = await startStage({ workspaces: fault.twoWorkspaces ? ["north", "south"] : ["north"] });
    try {
      expect((await stage.run()).outcome).toBe("ok");
      stage.now += 2 * HOUR;
      stage.seen.push({ device: A, at: stage.now - HOUR }, { device: B, at: stage.now - HOUR });
      await fault.before?.(stage);
      const covered = await stage.coveredTo();
      stage.log.length = 0;
      await fault.make(stage);

      const record = await (fault.run ?? ((on: Stage) => on.run()))(stage);
      expect(
        typeof record === "string"
          ? record
          : record.outcome + (record.reason === undefined ? "" : ` (${record.reason})`),
      ).toBe(line.run);
      expect(movement(covered, await stage.coveredTo())).toBe(line.coverage);
      stage.proxy.before = () => "pass";
      expect(await stage.outboxDepth()).toBe(line.outbox);
      if (line.logged !== "") expect(stage.log.map(({ event }) => event)).toContain(line.logged);

      stage.logAnalytics.onQuery = undefined;
      stage.broker.hooks = {};
      await fault.clear?.(stage);
      stage.now += HOUR / 4;
      await stage.run();
      expect(stage.devicesOnQueue()).toEqual(fault.tells ?? [A, B]);
      expect(await stage.outboxDepth()).toBe(0);
      fault.after?.(stage);
    } finally {
      await stage.close();
    }
  });
});

/** What became of north's covered-to, slice by slice. A Coverage that was gone and is there again has moved. */
function movement(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string {
  const slices = [...new Set([...before.keys(), ...after.keys()])];
  const stayed = slices.filter((slice) => (before.get(slice) ?? 0) >= (after.get(slice) ?? 0));
  if (stayed.length === 0) return "moves";
  return stayed.length === slices.length
    ? "stays"
    : stayed.length === 1
      ? "stays in it"
      : `stays in ${stayed.join(", ")}`;
}
