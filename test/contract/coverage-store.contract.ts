import { expect } from "vitest";
import type { Advance, CoverageRecord, CoverageStore } from "../../shared/core/stores/coverage-store.ts";
import { unitKey } from "../../shared/core/stores/coverage-store.ts";
import type { Contract } from "./contract.ts";
import { DETECTION, hour, keyOf } from "./samples.ts";

const UNIT = unitKey("north", "p", "0");
const OTHER_UNIT = unitKey("north", "p", "1");

const advance = (change: Partial<Advance> = {}): Advance => ({
  key: UNIT,
  coveredTo: hour(10),
  packHash: "h1",
  sliced: false,
  cut: false,
  ...change,
});

const unit = async (coverage: CoverageStore, key = UNIT): Promise<CoverageRecord | undefined> =>
  (await coverage.snapshot()).units.get(key);

/** `stored`, where there is one, as an advance takes it. */
const asStored = (stored: CoverageRecord | undefined): Pick<Advance, "stored"> => (stored ? { stored } : {});

export const coverageStore: Contract = {
  port: "CoverageStore",
  cases: [
    {
      title: "snapshot – empty where nothing is written",
      async check({ coverage }) {
        expect(await coverage.snapshot()).toEqual({
          units: new Map(),
          epochs: new Map(),
          detections: new Map(),
          marks: {},
          attempts: new Map(),
        });
      },
    },
    {
      title: "advance – several units, each with its slicing and its gap",
      async check({ coverage }) {
        const other = advance({ key: OTHER_UNIT, coveredTo: hour(11), sliced: true, cut: true, gapEnd: hour(3) });
        await coverage.advance([advance(), other]);
        const written = { packHash: "h1", etag: expect.any(String) };
        expect((await coverage.snapshot()).units).toEqual(
          new Map([
            [UNIT, { ...written, coveredTo: hour(10), sliced: false, cut: false }],
            [OTHER_UNIT, { ...written, coveredTo: hour(11), sliced: true, cut: true, gapEnd: hour(3) }],
          ]),
        );
      },
    },
    {
      title: "advance – forward from the row that was read, and never back under one pack",
      async check({ coverage }) {
        await coverage.advance([advance()]);
        await coverage.advance([advance({ coveredTo: hour(12), ...asStored(await unit(coverage)) })]);
        expect(await unit(coverage)).toMatchObject({ coveredTo: hour(12) });
        await coverage.advance([advance({ coveredTo: hour(11), sliced: true, ...asStored(await unit(coverage)) })]);
        expect(await unit(coverage)).toMatchObject({ coveredTo: hour(12), sliced: true });
      },
    },
    {
      title: "advance – a row that is no longer the one that was read is read again: no other run's advance is undone",
      condition: "if-match",
      async check({ coverage }) {
        await coverage.advance([advance()]);
        const stale = asStored(await unit(coverage));
        await coverage.advance([advance({ coveredTo: hour(20), gapEnd: hour(4), ...stale })]);
        await coverage.advance([advance({ coveredTo: hour(15), ...stale }), advance({ key: OTHER_UNIT })]);
        expect(await unit(coverage)).toMatchObject({ coveredTo: hour(20), gapEnd: hour(4) });
        expect(await unit(coverage, OTHER_UNIT)).toMatchObject({ coveredTo: hour(10) });
      },
    },
    {
      title: "advance – a row that another run has made meanwhile is read",
      condition: "insert-only",
      async check({ coverage }) {
        await coverage.advance([advance({ coveredTo: hour(20) })]);
        await coverage.advance([advance({ coveredTo: hour(15) })]);
        expect(await unit(coverage)).toMatchObject({ coveredTo: hour(20) });
      },
    },
    {
      title: "advance – a unit that another version of the pack has marked is left to it, and the others go on",
      async check({ coverage }) {
        await coverage.advance([advance({ packHash: "h2" })]);
        const changed = advance({ coveredTo: hour(15), packHash: "h1", priorHash: "h0" });
        await coverage.advance([changed, { ...changed, key: OTHER_UNIT }]);
        expect(await unit(coverage)).toMatchObject({ coveredTo: hour(10), packHash: "h2" });
        expect(await unit(coverage, OTHER_UNIT)).toMatchObject({ coveredTo: hour(15), packHash: "h1" });
      },
    },
    {
      title: "advance – a version of the pack that another one marked behind the plan's back is left alone",
      condition: "if-match",
      async check({ coverage }) {
        await coverage.advance([advance({ packHash: "h0" })]);
        const stale = asStored(await unit(coverage));
        await coverage.advance([advance({ packHash: "h2", priorHash: "h0", ...stale })]);
        await coverage.advance([advance({ coveredTo: hour(15), packHash: "h1", priorHash: "h0", ...stale })]);
        expect(await unit(coverage)).toMatchObject({ coveredTo: hour(10), packHash: "h2" });
      },
    },
    {
      title: "advance – over the pack that the plan saw, back too",
      async check({ coverage }) {
        await coverage.advance([advance()]);
        const stored = asStored(await unit(coverage));
        await coverage.advance([advance({ coveredTo: hour(5), packHash: "h2", priorHash: "h1", ...stored })]);
        expect(await unit(coverage)).toMatchObject({ coveredTo: hour(5), packHash: "h2" });
      },
    },
    {
      title: "advance – the later gap stays, whichever comes first",
      async check({ coverage }) {
        for (const gapEnd of [hour(3), hour(5), hour(4)])
          await coverage.advance([advance({ gapEnd, ...asStored(await unit(coverage)) })]);
        await coverage.advance([advance({ ...asStored(await unit(coverage)) })]);
        expect(await unit(coverage)).toMatchObject({ gapEnd: hour(5) });
      },
    },
    {
      title: "recordAttempt – the last one, whether or not the unit was ever covered",
      async check({ coverage }) {
        for (const n of [1, 2]) await coverage.recordAttempt(UNIT, hour(n));
        const { attempts, units } = await coverage.snapshot();
        expect([...attempts]).toEqual([[UNIT, hour(2)]]);
        expect(units.size).toBe(0);
      },
    },
    {
      title: "deleteUnits – these alone, and one that is not there is none the less deleted",
      async check({ coverage }) {
        await coverage.advance([advance(), advance({ key: OTHER_UNIT })]);
        for (let i = 0; i < 2; i++) await coverage.deleteUnits([UNIT]);
        expect([...(await coverage.snapshot()).units.keys()]).toEqual([OTHER_UNIT]);
      },
    },
    {
      title: "nameEpoch – insert-only: the first one stays",
      condition: "insert-only",
      async check({ coverage }) {
        for (const epoch of ["e1", "e2"]) await coverage.nameEpoch("a", epoch);
        expect([...(await coverage.snapshot()).epochs]).toEqual([["a", "e1"]]);
      },
    },
    {
      title: "renameEpoch – another one, whether or not there was one",
      async check({ coverage }) {
        await coverage.nameEpoch("a", "e1");
        for (const partition of ["a", "b"]) await coverage.renameEpoch(partition, "e2");
        expect((await coverage.snapshot()).epochs).toEqual(
          new Map([
            ["a", "e2"],
            ["b", "e2"],
          ]),
        );
      },
    },
    {
      title: "moveReviewMark – forward by version and then by time, never back",
      async check({ coverage }) {
        const moves = [
          [2, 5],
          [2, 4],
          [1, 9],
          [2, 6],
          [3, 1],
        ] as const;
        const stored: unknown[] = [];
        for (const [version, at] of moves) {
          await coverage.moveReviewMark({ version, at: hour(at) });
          stored.push((await coverage.snapshot()).marks.review);
        }
        expect(stored).toEqual([
          { version: 2, at: hour(5) },
          { version: 2, at: hour(5) },
          { version: 2, at: hour(5) },
          { version: 2, at: hour(6) },
          { version: 3, at: hour(1) },
        ]);
      },
    },
    {
      title: "moveReviewMark – not back when another run moves it further meanwhile",
      condition: "if-match",
      async check({ coverage, race }) {
        await coverage.moveReviewMark({ version: 1, at: hour(1) });
        await race(
          () => coverage.moveReviewMark({ version: 3, at: hour(3) }),
          () => coverage.moveReviewMark({ version: 2, at: hour(2) }),
        );
        expect((await coverage.snapshot()).marks).toEqual({ review: { version: 3, at: hour(3) } });
      },
    },
    {
      title: "moveReviewMark – not back when another run makes it meanwhile",
      condition: "insert-only",
      async check({ coverage, race }) {
        await race(
          () => coverage.moveReviewMark({ version: 3, at: hour(3) }),
          () => coverage.moveReviewMark({ version: 2, at: hour(2) }),
        );
        expect((await coverage.snapshot()).marks).toEqual({ review: { version: 3, at: hour(3) } });
      },
    },
    {
      title: "moveRecheckMark – forward, never back, beside the review's mark",
      async check({ coverage }) {
        await coverage.moveReviewMark({ version: 1, at: hour(1) });
        for (const n of [2, 1]) await coverage.moveRecheckMark(hour(n));
        expect((await coverage.snapshot()).marks).toEqual({ review: { version: 1, at: hour(1) }, recheck: hour(2) });
      },
    },
    {
      title: "moveRecheckMark – not back when another run moves it further meanwhile",
      condition: "if-match",
      async check({ coverage, race }) {
        await coverage.moveRecheckMark(hour(1));
        await race(
          () => coverage.moveRecheckMark(hour(3)),
          () => coverage.moveRecheckMark(hour(2)),
        );
        expect((await coverage.snapshot()).marks).toEqual({ recheck: hour(3) });
      },
    },
    {
      title: "saveRecheckPosition – the last one, until the recheck has come to its end",
      async check({ coverage }) {
        const position = { startedAt: hour(1), partition: "a", key: keyOf(1), whole: false };
        await coverage.moveRecheckMark(hour(1));
        await coverage.saveRecheckPosition({ ...position, partition: "0" });
        await coverage.saveRecheckPosition(position);
        expect((await coverage.snapshot()).marks).toEqual({ recheck: hour(1), recheckPosition: position });
        for (let i = 0; i < 2; i++) await coverage.saveRecheckPosition(undefined);
        expect((await coverage.snapshot()).marks).toEqual({ recheck: hour(1) });
      },
    },
    {
      title: "recordDetection – counts up and down, never below none; the definition stays where none is given",
      async check({ coverage }) {
        const stored: unknown[] = [];
        for (const [hash, n] of [
          [undefined, 2],
          ["h1", 3],
          [undefined, -1],
          ["h2", 0],
          [undefined, -9],
        ] as const) {
          await coverage.recordDetection(DETECTION, hash, n, undefined);
          stored.push((await coverage.snapshot()).detections.get(DETECTION));
        }
        expect(stored).toEqual([
          { hash: "", knownDevices: 2 },
          { hash: "h1", knownDevices: 5 },
          { hash: "h1", knownDevices: 4 },
          { hash: "h2", knownDevices: 4 },
          { hash: "h2", knownDevices: 0 },
        ]);
      },
    },
    {
      title: "recordDetection – keeps the earliest firstSeen, and where none is given",
      async check({ coverage }) {
        const firstSeen: unknown[] = [];
        for (const seen of [hour(5), undefined, hour(6), hour(4)]) {
          await coverage.recordDetection(DETECTION, "h1", 1, seen);
          firstSeen.push((await coverage.snapshot()).detections.get(DETECTION)?.firstSeen);
        }
        expect(firstSeen).toEqual([hour(5), hour(5), hour(5), hour(4)]);
      },
    },
    {
      title: "recordDetection – counts what another run counts meanwhile",
      condition: "if-match",
      async check({ coverage, race }) {
        await coverage.recordDetection(DETECTION, "h1", 1, hour(0));
        await race(
          () => coverage.recordDetection(DETECTION, "h1", 10, hour(0)),
          () => coverage.recordDetection(DETECTION, "h1", 100, hour(0)),
        );
        expect((await coverage.snapshot()).detections.get(DETECTION)).toMatchObject({ knownDevices: 111 });
      },
    },
    {
      title: "recordDetection – counts on from what another run makes meanwhile",
      condition: "insert-only",
      async check({ coverage, race }) {
        await race(
          () => coverage.recordDetection(DETECTION, "h1", 10, hour(0)),
          () => coverage.recordDetection(DETECTION, "h1", 100, hour(0)),
        );
        expect((await coverage.snapshot()).detections.get(DETECTION)).toMatchObject({ knownDevices: 110 });
      },
    },
    {
      title: "recordRun, deleteRuns – those that started before, and how many; a run is no part of the snapshot",
      async check({ coverage }) {
        for (const n of [1, 2, 3]) await coverage.recordRun(hour(n), `run-${n}`, { outcome: "ok" });
        expect((await coverage.snapshot()).units.size).toBe(0);
        expect(await coverage.deleteRuns(hour(3))).toBe(2);
        expect(await coverage.deleteRuns(hour(3))).toBe(0);
        expect(await coverage.deleteRuns(hour(4))).toBe(1);
      },
    },
  ],
};
