import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { operationsQuery } from "../../shared/kql/query-purpose.ts";
import type { Value } from "../../shared/kql/value.ts";
import { NO_PRELUDE, validateQuery } from "../../shared/kql/validate.ts";
import workbook from "../../infra/workbook.json" with { type: "json" };
import { DAY, LEVEL, SETTINGS, detection, packOf } from "../model/world.ts";
import type { Trace } from "./telemetry/app-traces.ts";
import { queryTraces, renamed } from "./telemetry/app-traces.ts";
import type { WatchedWorld } from "./telemetry/watched-world.ts";
import { appear, approval, device, runs, watchedWorld } from "./telemetry/watched-world.ts";

const RARE = "00000000-0000-4000-8000-00000000000a";
const DROPPER = "c:\\users\\a\\downloads\\setup.exe";

interface Asked {
  readonly name: string;
  readonly query: string;
}

const queries: readonly Asked[] = workbook.items.flatMap(({ name, content }): Asked[] =>
  content.query === undefined ? [] : [{ name, query: content.query }],
);
const parameters = workbook.items.flatMap(({ content }) => content.parameters ?? []);
const choices: readonly Asked[] = parameters.flatMap(({ name, query }): Asked[] =>
  query === undefined ? [] : [{ name: `choices of ${name}`, query }],
);

/** As the workbook puts its parameters in: `{Source}`, and `{TimeRange:grain}` as it chooses one for a day. */
const filledIn = (query: string, source: string): string =>
  query.replaceAll("{Source}", source).replaceAll("{TimeRange:grain}", "1h");

let day: WatchedWorld;

/**
 * A day: a wave of four, a rare tool on two devices, two expected devices whose approval is taken away, a message that waits for
 * two hours; at the last run the table is silent and nothing can be deleted from the state.
 */
beforeAll(async () => {
  const watched = watchedWorld();
  const { world } = watched;
  world.settings = { ...SETTINGS, waveThreshold: 4 };
  const detections = [detection(LEVEL), detection(RARE, { tool: "rare" })];
  world.packs = [packOf(detections, { name: "catalogue", evidence: { pieces: [], tasks: [], logons: [] } })];
  world.approvals = { version: 1, approvals: [approval(world, 100 * DAY, [7, 8])] };
  for (const n of [1, 2, 3, 4]) appear(world, n, { path: DROPPER });
  for (const n of [1, 5]) appear(world, n, { path: DROPPER, detection: RARE });
  for (const n of [7, 8]) appear(world, n);
  await runs(world, 4);
  world.approvals = { version: 2, approvals: [] };
  world.announceLimit = 0;
  await runs(world, 8);
  world.announceLimit = 2000;
  await runs(world, 3);
  world.protected = true;
  world.deletesFail = true;
  await runs(world, 1);
  day = watched;
});

function rowsOf(name: string, source = "*", traces = day.traces): readonly Readonly<Record<string, Value>>[] {
  const found = [...queries, ...choices].find((one) => one.name === name);
  if (!found) throw new Error(`the workbook has no item ${name}`);
  return queryTraces(filledIn(found.query, source), traces, day.world.date(), DAY);
}

/** As it was before the last run. */
const beforeTheLast = (): readonly Trace[] =>
  day.traces.filter(({ TimeGenerated }) => TimeGenerated < day.world.date());

describe("what it shows of a day", () => {
  test("latest-run – the blind one, and why", () => {
    const error = "DeviceFileCertificateInfo: silent";
    expect(rowsOf("latest-run")).toMatchObject([{ source: "main", outcome: "blind", reason: "relay", error }]);
  });

  test("runs – by hour and outcome, sixteen in all", () => {
    const rows = rowsOf("runs");
    expect(rows.reduce((sum, { runs: of }) => sum + Number(of), 0)).toBe(16);
    expect(rows.filter(({ outcome }) => outcome === "blind")).toMatchObject([{ runs: 1 }]);
    expect(rows.filter(({ outcome }) => outcome === "ok")).toHaveLength(4);
  });

  test("new-by-tool – told singly and in a wave, and what an approval no longer covers", () => {
    expect(rowsOf("new-by-tool")).toMatchObject([
      { tool: "level", new: 4, returned: 0, reannounced: 2 },
      { tool: "rare", new: 2, returned: 0, reannounced: 0 },
    ]);
  });

  test("new-over-time – the same by hour", () => {
    expect(rowsOf("new-over-time")).toMatchObject([
      { sightings: 4, tool: "level" },
      { sightings: 2, tool: "rare" },
      { sightings: 2, tool: "level" },
    ]);
  });

  test("waves – one, with what joined it", () => {
    expect(rowsOf("waves")).toMatchObject([{ tool: "level", devices: 6, wave: day.world.headers[0]?.id }]);
  });

  test("expected – by approval", () => {
    expect(rowsOf("expected")).toMatchObject([{ approval: "deployed", tool: "level", devices: 2 }]);
  });

  test("outbox-depth and outbox-age – two hours of waiting", () => {
    expect(rowsOf("outbox-depth").map(({ depth }) => depth)).toContain(2);
    expect(Math.max(...rowsOf("outbox-age").map(({ minutes }) => Number(minutes)))).toBe(105);
  });

  test("freshness – the silent table has no newest row", () => {
    const rows = rowsOf("freshness");
    expect(rows).toMatchObject([{ source: "main", name: "DeviceFileCertificateInfo", newestRow: null }]);
    expect(rowsOf("freshness", "*", beforeTheLast())).toMatchObject([
      { newestRow: expect.anything(), minutesBehind: 0 },
    ]);
  });

  test("top-devices – the one with two tools first", () => {
    const [first, ...others] = rowsOf("top-devices");
    expect(first).toMatchObject({
      deviceId: device(1),
      device: `host-${device(1).slice(0, 6)}`,
      tools: 2,
      sightings: 2,
    });
    expect(others).toHaveLength(6);
  });

  test("faults – what the last run could not do", () => {
    expect(rowsOf("faults").map(({ event, severity }) => [event, severity])).toEqual([
      ["relay.failed", 3],
      ["source.blind", 3],
      ["run.completed", 2],
    ]);
  });

  test("every item is looked at here", () => {
    const source = readFileSync(new URL(import.meta.url), "utf8");
    for (const { name } of queries) expect(source, name).toMatch(new RegExp(`rowsOf\\("${name}"`));
  });
});

describe("its parameters", () => {
  test("are a time and a source, and every query depends on the time", () => {
    expect(parameters.map(({ name }) => name)).toEqual(["TimeRange", "Source"]);
    for (const { content } of workbook.items)
      if (content.query !== undefined) expect(content.timeContextFromParameter).toBe("TimeRange");
  });

  test("are the only ones that a query names", () => {
    for (const { name, query } of [...queries, ...choices])
      expect(filledIn(query, "*"), name).not.toMatch(/\{[A-Za-z][A-Za-z:]*\}/);
  });

  test("offer all sources that ran, and all of them", () => {
    expect(rowsOf("choices of Source")).toEqual([
      { value: "*", label: "All" },
      { value: "main", label: "main" },
    ]);
  });

  test("a source shows its own, and what is no source's", () => {
    for (const { name, query } of queries.filter((one) => one.query.includes("{Source}"))) {
      expect(rowsOf(name, "main"), name).toEqual(rowsOf(name));
      expect(rowsOf(name, "another").length, query).toBe(name === "faults" ? 2 : 0);
    }
  });
});

test("a field that a query reads and the log no longer has changes what it answers", () => {
  for (const { name, query } of [...queries, ...choices]) {
    const fields = new Set(
      [...query.matchAll(/\b(?:line|part|sighting|shown)(?:\.|\[")([a-zA-Z]+)/g)].map(([, field]) => field ?? ""),
    );
    expect(fields.size, name).toBeGreaterThan(0);
    for (const field of fields) {
      const noticed = [day.traces, beforeTheLast()].some((traces) =>
        ["*", "main", "another"].some(
          (source) => !isDeepStrictEqual(rowsOf(name, source, traces), rowsOf(name, source, renamed(traces, field))),
        ),
      );
      expect(noticed, `${name} does not notice that ${field} is gone`).toBe(true);
    }
  }
});

describe("the file", () => {
  test.each([...queries, ...choices].map(({ name, query }) => [name, query] as const))(
    "%s is valid",
    (_name, query) => {
      const validation = validateQuery(filledIn(query, "main"), NO_PRELUDE, operationsQuery());
      expect("problems" in validation ? validation.problems : []).toEqual([]);
      expect("checked" in validation && validation.checked.warnings).toEqual([]);
    },
  );

  // Source: Azure Workbooks' serialized form; the compiler takes 131,072 characters of a text.
  test("is a notebook that Bicep can load", () => {
    expect(workbook.version).toBe("Notebook/1.0");
    expect(new Set(workbook.items.map(({ name }) => name)).size).toBe(workbook.items.length);
    for (const { type, content } of workbook.items) {
      if (type === 1) expect(content.json).toBeTypeOf("string");
      else if (type === 9) expect(content.version).toBe("KqlParameterItem/1.0");
      else expect([type, content.version, content.queryType]).toEqual([3, "KqlItem/1.0", 0]);
    }
    const text = readFileSync(new URL("../../infra/workbook.json", import.meta.url), "utf8");
    expect(text.length).toBeLessThan(131_072);
  });
});
