import { describe, expect, test } from "vitest";
import { partitionOf } from "../../shared/core/slice.ts";
import { SourceError, StateError } from "../../shared/errors.ts";
import { run } from "../../shared/run/run.ts";
import { approvalOf, deploy, EVIDENCE } from "./deployment.ts";
import { withSources } from "./with-sources.ts";
import { DAY, detection, HOUR, LEVEL, packOf, tooLarge } from "./fixtures.ts";
import { World } from "./world.ts";

/** Histories beside those of the rules' own tests, each of which lost or repeated a sighting, or held what nobody needed. */

const A = `a${"0".repeat(39)}`;
const MINUTE = 60_000;
const [OLD, OLDER, RENAMED] = ["1", "2", "4"].map(
  (digit) => `${digit.repeat(8)}-${digit.repeat(4)}-4${digit.repeat(3)}-8${digit.repeat(3)}-${digit.repeat(12)}`,
) as [string, string, string];
const LOGON = { logon: { sources: [], accountSids: [] } };

const catalogue = (id: string, supersedes: readonly string[] = []) =>
  packOf([detection(id, { supersedes })], { name: "catalogue", evidence: EVIDENCE });

/** A world in which an approval covers what is deployed on A. */
function approvedWorld(change: Parameters<typeof approvalOf>[2] = {}): World {
  const world = new World();
  world.packs = [catalogue(LEVEL)];
  world.approvals = { version: 1, approvals: [approvalOf(world, [A], change)] };
  return world;
}

const causes = (world: World): string[] => world.announcedFor(A).map(({ data }) => data.cause);

describe("R6 – the set that judges", () => {
  test("a run with an older set expects a sighting after the newer set was reviewed: it is announced", async () => {
    const world = approvedWorld();
    world.now = HOUR;
    await world.run();
    deploy(world, A, 2 * HOUR);
    world.now = 3 * HOUR;
    let withdrawn = false;
    const outer = withSources(world.service("outer"), (source) => ({
      query: async (...asked) => {
        const answer = await source.query(...asked);
        if (withdrawn) return answer;
        withdrawn = true;
        world.approvals = { version: 2, approvals: [] };
        // Another run reviews, and reads no unit.
        const inner = withSources(world.service("inner"), () => ({
          query: () => Promise.reject(new SourceError("transient", "cut off")),
        }));
        await run({ ...inner, settings: { ...inner.settings, budget: 1e9 } });
        return answer;
      },
    }));
    await world.scheduler.drive({ outer: () => run(outer) });
    expect(world.marks.review?.version).toBe(2);
    for (; world.now < 5 * DAY; world.now += 6 * HOUR) await world.run();
    expect(causes(world)).toEqual(["approval-ended"]);
  });

  test("the end of an approval announces a quiet sighting whose detection was renamed, once", async () => {
    const world = approvedWorld();
    world.approvals = { version: 1, approvals: [approvalOf(world, [A], { expires: world.date(50 * DAY) })] };
    deploy(world, A, 0);
    for (world.now = HOUR; world.now < 40 * DAY; world.now += 12 * HOUR) await world.run();
    world.packs = [catalogue(RENAMED, [LEVEL])];
    for (; world.now < 60 * DAY; world.now += 12 * HOUR) await world.run();
    expect(causes(world)).toEqual(["approval-ended"]);
    // It is known under the new id: the next set of approvals tells nothing again, and a row of today's is seen again.
    world.approvals = { version: 2, approvals: [] };
    world.activities.push({ device: A, at: world.now, ingested: world.now, detection: RENAMED });
    for (; world.now < 63 * DAY; world.now += 12 * HOUR) await world.run();
    expect(causes(world)).toEqual(["approval-ended", "new-activity"]);
    expect(world.announcedFor(A).map(({ data }) => data.sighting.kind)).toEqual(["new", "returned"]);
  });
});

describe("R7 – the recheck", () => {
  const evil = { device: A, kind: "arrival", path: "c:\\temp\\evil.exe" } as const;

  test("what another source alone shows before the first row is evidence as well", async () => {
    const world = approvedWorld();
    world.activities.push({ device: A, at: 2 * HOUR, ingested: 2 * HOUR });
    const before = { at: 2 * HOUR - MINUTE, ingested: 2 * HOUR - MINUTE };
    world.events.push({ device: A, kind: "arrival", ...before }, { ...evil, ...before });
    for (world.now = 3 * HOUR; world.now < 4 * DAY; world.now += 6 * HOUR) {
      const service = withSources(
        world.service(`r${world.now}`),
        (source, name) => ({
          evidence: async (...asked) => {
            const answer = await source.evidence(...asked);
            const pieces = answer.pieces.map((record) => {
              const all: { readonly path: string }[] = JSON.parse(String(record["Pieces"]));
              const shown = all.filter(({ path }) => (path === evil.path) === (name === "second"));
              return { ...record, Groups: shown.length, Pieces: JSON.stringify(shown) };
            });
            return { ...answer, pieces };
          },
        }),
        ["main", "second"],
      );
      await world.scheduler.drive({ [`r${world.now}`]: () => run(service) });
    }
    expect(world.runs.every(({ outcome }) => outcome === "ok")).toBe(true);
    expect(world.announcedFor(A)).toHaveLength(1);
  });

  test("an arrival before the signer, ingested after the decision and before the recheck, is announced", async () => {
    const world = approvedWorld();
    world.now = HOUR;
    await world.run();
    deploy(world, A, 2 * HOUR);
    world.now = 3 * HOUR;
    expect(await world.run()).toMatchObject({ expected: 1 });
    world.events.push({ ...evil, at: 2 * HOUR - MINUTE, ingested: 3.5 * HOUR });
    for (; world.now <= 4 * DAY; world.now += 6 * HOUR) await world.run();
    expect(causes(world)).toEqual(["new-activity"]);
  });
});

describe("R11 – a rename", () => {
  test.each([[[OLD, OLDER]], [[OLDER, OLD]]])(
    "two ids become one, %s: what was seen yesterday does not return",
    async (ids) => {
      const world = new World();
      world.packs = [packOf([detection(OLD), detection(OLDER)])];
      world.activities.push({ device: A, at: 0, ingested: 0, detection: OLD });
      for (let day = 0; day <= 41; day++) {
        world.activities.push({ device: A, at: day * DAY, ingested: day * DAY, detection: OLDER });
        if (day >= 38) world.activities.push({ device: A, at: day * DAY, ingested: day * DAY, detection: RENAMED });
      }
      for (; world.now <= 40 * DAY; world.now += 6 * HOUR) await world.run();
      expect(world.announcedFor(A)).toHaveLength(2);
      world.packs = [packOf([detection(RENAMED, { supersedes: ids })])];
      for (; world.now <= 42 * DAY; world.now += 6 * HOUR) await world.run();
      expect(world.announcedFor(A)).toHaveLength(2);
    },
  );

  test("an expected sighting that is renamed stays expected at the next review", async () => {
    const world = approvedWorld();
    deploy(world, A, 0);
    world.activities.push({ device: A, at: HOUR, ingested: HOUR, detection: RENAMED });
    world.events.push({ device: A, at: 0, ingested: 0, kind: "arrival", detection: RENAMED });
    world.now = HOUR;
    await world.run();
    world.packs = [catalogue(RENAMED, [LEVEL])];
    world.now = 2 * HOUR;
    await world.run();
    // The same approval, and another beside it.
    world.approvals = {
      version: 2,
      approvals: [approvalOf(world, [A]), approvalOf(world, [A], { id: "other", tools: ["other"] })],
    };
    world.now = 3 * HOUR;
    await world.run();
    expect(world.announcedFor(A)).toEqual([]);
  });
});

test.each([true, false])("R16 – a gap of another share hides no return (asked in slices: %s)", async (slices) => {
  const world = new World();
  world.activities.push({ device: A, at: 0, ingested: 0 }, { device: A, at: 42.5 * DAY, ingested: 42.5 * DAY });
  world.onQuery = (slice) => {
    if (slice === "all" && (slices || world.now < 40 * DAY)) tooLarge();
    // One share alone can't be read for 40 days.
    if (slice !== "all" && slice.prefix === "3" && world.now > 0 && world.now < 41.2 * DAY)
      throw new SourceError("transient", "down");
    return undefined;
  };
  for (; world.now <= 44 * DAY; world.now += 6 * HOUR) await world.run();
  expect(world.announcedFor(A).map(({ data }) => data.sighting.kind)).toEqual(["new", "returned"]);
});

test("R13 – no more candidates are announced together than logons and tasks are asked for", async () => {
  const world = approvedWorld({ arrival: LOGON });
  const devices = Array.from({ length: 13_000 }, (_, i) => (i % 16).toString(16) + i.toString(16).padStart(39, "0"));
  for (const device of devices) world.activities.push({ device, at: 0, ingested: 0 });
  world.now = HOUR;
  let most = 0;
  const service = withSources(world.service("run"), (source) => ({
    query: async (...asked) => {
      const answer = await source.query(...asked);
      // As portions of the real size stand: one a partition here.
      const all = [...answer.batches].flat();
      return {
        ...answer,
        batches: [...Map.groupBy(all, (record) => partitionOf(String(record["DeviceId"]))).values()],
      };
    },
    evidence: async (_pack, { logons }) => {
      most = Math.max(most, logons.length);
      return { queries: 1, pieces: [], tasks: [], logons: [], missing: [] };
    },
  }));
  await world.scheduler.drive({ run: () => run(service) });
  expect(world.runs.at(-1)).toMatchObject({ new: 13_000 });
  expect(most).toBe(5000);
});

test("an answer whose rows could not be remembered is given back", async () => {
  const world = new World();
  world.activities.push({ device: A, at: 0, ingested: 0 });
  world.now = HOUR;
  let held = 0;
  const service = withSources(world.service("run"), (source) => ({
    query: async (...asked) => {
      held += 1;
      return { ...(await source.query(...asked)), discard: () => void (held -= 1) };
    },
  }));
  const sightings = { ...service.sightings, commit: () => Promise.reject(new StateError("the state is down")) };
  await world.scheduler.drive({ run: () => run({ ...service, sightings }) });
  expect(world.runs.at(-1)?.outcome).toBe("failed");
  expect(held).toBe(0);
});
