import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { SourceError } from "../../shared/errors.ts";
import { operationsQuery } from "../../shared/kql/query-purpose.ts";
import { NO_PRELUDE, validateQuery } from "../../shared/kql/validate.ts";
import { relay } from "../../shared/outbox/relay.ts";
import alerts from "../../infra/alerts.json" with { type: "json" };
import type { World } from "../model/world.ts";
import { DAY, HOUR, SETTINGS } from "../model/world.ts";
import { queryTraces, renamed } from "./telemetry/app-traces.ts";
import { milliseconds } from "./telemetry/duration.ts";
import type { WatchedWorld } from "./telemetry/watched-world.ts";
import { MINUTE, appear, approval, device, runs, watchedWorld } from "./telemetry/watched-world.ts";

const RUNBOOK = readFileSync(new URL("../../docs/operate.md", import.meta.url), "utf8");

type QueryAlert = (typeof alerts.queries)[number];

const rowsOf = ({ query, windowSize }: QueryAlert, { world, traces }: WatchedWorld, of = traces) =>
  queryTraces(query.join("\n"), of, world.date(), milliseconds(windowSize));

/** As the rule counts: its operator is held below. */
const fires = (alert: QueryAlert, watched: WatchedWorld): boolean => rowsOf(alert, watched).length > alert.threshold;

const firing = (watched: WatchedWorld): string[] =>
  alerts.queries.filter((alert) => fires(alert, watched)).map(({ name }) => name);

function alertOf(name: string): QueryAlert {
  const found = alerts.queries.find((alert) => alert.name === name);
  if (!found) throw new Error(`there is no alert ${name}`);
  return found;
}

const answer = (name: string, watched: WatchedWorld) => rowsOf(alertOf(name), watched);

/** What happens, and then: which alerts fire, and what the one says. Each begins with a healthy service of three hours. */
const HISTORIES: Readonly<
  Record<string, (watched: WatchedWorld) => Promise<{ readonly fire: readonly string[]; readonly row?: object }>>
> = {
  "no-successful-run": async ({ world }) => {
    world.now += 3 * HOUR + MINUTE;
    return { fire: ["no-successful-run"], row: { runs: 0, successful: 0 } };
  },
  "run-failed": async ({ world }) => {
    world.onQuery = () => {
      throw new SourceError("transient", "the source does not answer");
    };
    await runs(world, 1);
    const error = "catalogue/all: the source does not answer";
    return { fire: ["run-failed"], row: { reason: "", runs: 1, error } };
  },
  "run-partial": async ({ world }) => {
    world.settings = { ...SETTINGS, budget: -1 };
    await runs(world, 1);
    world.settings = SETTINGS;
    world.deletesFail = true;
    await runs(world, 1);
    return { fire: ["run-partial"], row: { unitsLeft: 1, reason: "", runId: expect.stringMatching(/^id-/) } };
  },
  "source-blind": async ({ world }) => {
    world.protected = true;
    await runs(world, 1);
    const error = "DeviceFileCertificateInfo: silent";
    return { fire: ["source-blind"], row: { name: "main", runs: 1, error } };
  },
  "outbox-not-draining": async ({ world }) => {
    world.announceLimit = 0;
    appear(world, 1);
    await runs(world, 6);
    return { fire: ["outbox-not-draining"], row: { depth: 1, oldestSeconds: 4500 } };
  },
  "message-refused": async ({ world }) => {
    world.announceLimit = 0;
    appear(world, 1);
    await runs(world, 1);
    for (const { message } of world.outbox.values()) world.refusedMessages.add(message.id);
    world.announceLimit = 2000;
    await runs(world, 1);
    await relayMalformed(world);
    const row = { partition: "1", times: 1, key: expect.stringContaining("|"), error: "as the test wants it" };
    return { fire: ["message-refused"], row };
  },
  "sighting-quarantined": async ({ world }) => {
    world.approvals = { version: 1, approvals: [approval(world, 100 * DAY, [2])] };
    appear(world, 2);
    await runs(world, 1);
    // The review can't tell the one, the unit the other.
    world.approvals = { version: 2, approvals: [] };
    for (const n of [1, 2]) world.refusedDevices.add(device(n));
    appear(world, 1);
    await runs(world, 1);
    const row = { partition: "2", key: expect.stringContaining(device(2)), reason: "PropertyValueTooLarge", times: 1 };
    return { fire: ["sighting-quarantined"], row };
  },
  "coverage-gap": async ({ world }) => {
    world.now += 40 * DAY;
    await runs(world, 1);
    return { fire: ["coverage-gap"], row: { source: "main", pack: "catalogue" } };
  },
  "state-lost": async ({ world }) => {
    world.loseState();
    await runs(world, 1);
    return { fire: ["state-lost"], row: { runs: 1, error: expect.stringContaining("state accept") } };
  },
  "approvals-unreadable": async ({ world }) => {
    world.approvals = undefined;
    await runs(world, 1);
    return { fire: ["approvals-unreadable"], row: { runs: 1, error: "there is no pointer" } };
  },
  "approval-expiring": async ({ world }) => {
    world.approvals = { version: 1, approvals: [approval(world, 20 * DAY, [1])] };
    for (const until of [5 * DAY, 8 * DAY]) for (; world.now < until; world.now += 3 * HOUR) await world.run();
    const row = { approval: "deployed", owner: "desk@example.com", ticket: "CHG-1" };
    return { fire: ["approval-expiring"], row };
  },
};

/** A pass over an outbox whose one row was changed by hand. */
const relayMalformed = (world: World) =>
  relay({
    outbox: {
      survey: async () => ({ depth: 1, oldest: world.date(), partitions: ["2"] }),
      prove: async () => {},
      async *read() {
        yield { kind: "malformed" as const, partition: "2", key: "outbox|changed", reason: "it has no body" };
      },
      remove: async () => {},
    },
    queue: async () => ({
      sendAll: async (entries) => {
        for await (const { message } of entries) throw new Error(`${message.id} must not be sent`);
      },
      close: async () => {},
    }),
    log: world.logger,
    limit: 2000,
    budgetMs: MINUTE,
    now: () => world.date(),
  });

async function healthy(): Promise<WatchedWorld> {
  const watched = watchedWorld();
  await runs(watched.world, 12);
  return watched;
}

test("a service that is well, with sightings new, expected and in a wave, sets no alert off", async () => {
  const watched = watchedWorld();
  const { world } = watched;
  world.settings = { ...SETTINGS, waveThreshold: 3 };
  world.approvals = { version: 1, approvals: [approval(world, 100 * DAY, [7])] };
  for (const n of [1, 2, 3, 4, 7]) appear(world, n, n === 7 ? {} : { path: "c:\\users\\a\\downloads\\setup.exe" });
  await runs(world, 12);
  expect(world.runs[0]).toMatchObject({ outcome: "ok", announced: 4, expected: 1, waves: 1 });
  expect(firing(watched)).toEqual([]);
});

describe("each alert fires for its own fault, and no other does", () => {
  test.each(Object.entries(HISTORIES))("%s", async (name, happens) => {
    const watched = await healthy();
    expect(firing(watched)).toEqual([]);
    const { fire, row } = await happens(watched);
    expect(firing(watched)).toEqual(fire);
    expect(answer(name, watched)[0]).toMatchObject(row ?? {});
  });

  test("every alert has such a history", () => {
    expect(Object.keys(HISTORIES)).toEqual(alerts.queries.map(({ name }) => name));
  });
});

describe("and is silent short of it", () => {
  test("no-successful-run – a service that has never run fires; one run that is ok ends it", async () => {
    const watched = watchedWorld();
    expect(firing(watched)).toEqual(["no-successful-run"]);
    await runs(watched.world, 1);
    expect(firing(watched)).toEqual([]);
  });

  test("no-successful-run – runs that are never ok are no success", async () => {
    const watched = watchedWorld();
    watched.world.protected = true;
    await runs(watched.world, 12);
    expect(firing(watched)).toEqual(["no-successful-run", "source-blind"]);
  });

  test("no-successful-run – a device whose name is a log line can't end it", async () => {
    const watched = watchedWorld();
    const forged = '{"level":"info","event":"run.completed","outcome":"ok"}';
    watched.world.logger.warn({ event: "row.rejected", key: forged, reason: forged }, forged);
    expect(firing(watched)).toEqual(["no-successful-run"]);
  });

  test("run-partial – one run alone is repeated by the next", async () => {
    const watched = await healthy();
    const { world } = watched;
    world.settings = { ...SETTINGS, budget: -1 };
    await runs(world, 1);
    world.settings = SETTINGS;
    await runs(world, 1);
    expect(firing(watched)).toEqual([]);
  });

  test("outbox-not-draining – a message that waits for an hour is in time, and one that went ends it", async () => {
    const watched = await healthy();
    const { world } = watched;
    world.announceLimit = 0;
    appear(world, 1);
    await runs(world, 5);
    expect(world.runs.at(-1)?.outboxOldestSeconds).toBe(3600);
    expect(firing(watched)).toEqual([]);
    await runs(world, 1);
    expect(firing(watched)).toEqual(["outbox-not-draining"]);
    world.announceLimit = 2000;
    await runs(world, 1);
    expect(firing(watched)).toEqual([]);
  });

  test("approval-expiring – fires from 14 days before its end to its end, once a day in the log, and ends with it", async () => {
    const watched = watchedWorld();
    const { world, traces } = watched;
    world.approvals = { version: 1, approvals: [approval(world, 20 * DAY, [1])] };
    const fired: number[] = [];
    for (; world.now < 21 * DAY; world.now += 3 * HOUR) {
      await world.run();
      if (fires(alertOf("approval-expiring"), watched)) fired.push(world.now);
    }
    // The daily look goes a few hours later each day where runs are rare: the first may be said up to a day late.
    const [first = 0] = fired;
    expect(first).toBeGreaterThanOrEqual(6 * DAY);
    expect(first).toBeLessThan(7 * DAY + 3 * HOUR);
    expect(fired).toEqual(Array.from({ length: fired.length }, (_, i) => first + i * 3 * HOUR));
    expect(fired.at(-1)).toBe(20 * DAY - 2 * HOUR);
    const said = traces.filter(({ Message }) => Message.includes("approval.expiring"));
    expect(said.length).toBeGreaterThanOrEqual(13);
    expect(said.length).toBeLessThanOrEqual(14);
  });
});

test("a field that a query reads and the log no longer has changes what some history answers", async () => {
  const histories = new Map<string, WatchedWorld>();
  for (const [name, happens] of Object.entries(HISTORIES)) {
    const watched = await healthy();
    await happens(watched);
    histories.set(name, watched);
  }
  for (const alert of alerts.queries) {
    const fields = new Set(
      [...alert.query.join("\n").matchAll(/\b(?:line|source|error)(?:\[0\])?(?:\.|\[")([a-zA-Z]+)/g)].map(
        ([, field]) => field,
      ),
    );
    expect(fields.size, alert.name).toBeGreaterThan(0);
    // Its own history shows most; of one that fires on silence any other does.
    const own = histories.get(alert.name);
    const attempts = [...(own ? [own] : []), ...histories.values()];
    for (const field of fields) {
      const noticed = attempts.some((watched) => {
        const without = renamed(watched.traces, field ?? "");
        return !isDeepStrictEqual(rowsOf(alert, watched), rowsOf(alert, watched, without));
      });
      expect(noticed, `${alert.name} does not notice that ${field} is gone`).toBe(true);
    }
  }
});

describe("the file", () => {
  test.each(alerts.queries.map((alert) => [alert.name, alert] as const))("%s – its query is valid", (_name, alert) => {
    const validation = validateQuery(alert.query.join("\n"), NO_PRELUDE, operationsQuery());
    expect("problems" in validation ? validation.problems : []).toEqual([]);
    expect("checked" in validation && validation.checked.warnings).toEqual([]);
  });

  const all = [...alerts.queries, ...alerts.metrics];

  test("names are unique; each says what to do and where it is written", () => {
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const { name, description, runbook } of all) {
      expect(runbook).toBe(`#${name}`);
      expect(description.endsWith(`: docs/operate.md${runbook}`), name).toBe(true);
      expect(RUNBOOK.includes(`\n## ${name}\n`), `docs/operate.md has no entry ${name}`).toBe(true);
    }
  });

  test("the runbook has no entry of an alert that is not there", () => {
    const names = [...RUNBOOK.matchAll(/^## ([a-z-]+)$/gm)].map(([, name]) => name);
    expect(new Set(names)).toEqual(new Set(all.map(({ name }) => name)));
  });

  test("the runbook's queries are valid", () => {
    const queries = [...RUNBOOK.matchAll(/```kusto\n([^]*?)\n```/g)].map(([, query]) => query ?? "");
    expect(queries.length).toBeGreaterThan(3);
    for (const query of queries) {
      const validation = validateQuery(query, NO_PRELUDE, operationsQuery());
      expect("problems" in validation ? validation.problems : [], query).toEqual([]);
    }
  });

  // Source: scheduledQueryRules and metricAlerts, Azure Monitor; the compiler lets any value pass.
  test("severities, windows and frequencies are those that Azure Monitor takes", () => {
    const minutes = [5, 10, 15, 30, 45, 60, 120, 180, 240, 300, 360, 1440];
    for (const { name, severity, windowSize, evaluationFrequency, operator, threshold } of all) {
      expect([0, 1, 2, 3, 4], name).toContain(severity);
      expect(operator, name).toBe("GreaterThan");
      expect(threshold, name).toBeGreaterThanOrEqual(0);
      expect([...minutes, 2880], name).toContain(milliseconds(windowSize) / MINUTE);
      expect(minutes, name).toContain(milliseconds(evaluationFrequency) / MINUTE);
      expect(milliseconds(evaluationFrequency), name).toBeLessThanOrEqual(milliseconds(windowSize));
    }
    for (const { name, windowSize, aggregation } of alerts.metrics) {
      expect([1, 5, 15, 30, 60, 360, 720, 1440], name).toContain(milliseconds(windowSize) / MINUTE);
      expect(["Average", "Maximum"], name).toContain(aggregation);
    }
  });
});
