import { afterEach, describe, expect, test, vi } from "vitest";
import type { AnyEvent } from "../../../shared/core/event.ts";
import { anyEvent, TYPES } from "../../../shared/core/event.ts";
import type { RunRecord } from "../../../shared/core/run-record.ts";
import type { OutboxMessage } from "../../../shared/core/sighting.ts";
import type { ApprovalsReader, ApprovalsStore } from "../../../shared/core/stores/approvals-store.ts";
import type { CoverageReader, CoverageStore } from "../../../shared/core/stores/coverage-store.ts";
import type { SightingsReader, SightingsStore } from "../../../shared/core/stores/sightings-store.ts";
import type { WaveReader, WaveStore } from "../../../shared/core/stores/wave-store.ts";
import type { DryRun, DryRunParts } from "../../../shared/operations/dry-run.ts";
import { dryRun } from "../../../shared/operations/dry-run.ts";
import type { Service } from "../../../shared/run/run-context.ts";
import { run } from "../../../shared/run/run.ts";
import { approvalOf, deploy, EVIDENCE } from "../../model/deployment.ts";
import { runClock, withSources } from "../../model/with-sources.ts";
import { DAY, detection, HOUR, LEVEL, packOf } from "../../model/fixtures.ts";
import { World } from "../../model/world.ts";

/** A dry run reads the state and writes nothing. */

const MINUTE = 60_000;

afterEach(() => void vi.restoreAllMocks());

/** The methods that a store has and its reader has not. A new one is missing here until it is added. */
type Writers<Store extends Reader, Reader> = Readonly<Record<Exclude<keyof Store, keyof Reader>, () => never>>;

/** A service whose every writer throws, and whose queue can't be reached. */
function withoutWriters(service: Service): Service {
  const refuse = (): never => {
    throw new Error("a dry run has written");
  };
  const sightings: Writers<SightingsStore, SightingsReader> = {
    makeEpoch: refuse,
    replaceEpoch: refuse,
    commit: refuse,
    refresh: refuse,
  };
  const coverage: Writers<CoverageStore, CoverageReader> = {
    advance: refuse,
    recordAttempt: refuse,
    deleteUnits: refuse,
    nameEpoch: refuse,
    renameEpoch: refuse,
    moveReviewMark: refuse,
    moveRecheckMark: refuse,
    saveRecheckPosition: refuse,
    recordDetection: refuse,
    recordRun: refuse,
    deleteRuns: refuse,
  };
  const waves: Writers<WaveStore, WaveReader> = { write: refuse };
  const approvals: Writers<ApprovalsStore, ApprovalsReader> = { makePointer: refuse, apply: refuse };
  return {
    ...service,
    sightings: { ...service.sightings, ...sightings },
    coverage: { ...service.coverage, ...coverage },
    waves: { ...service.waves, ...waves },
    approvals: { ...service.approvals, ...approvals },
    relay: refuse,
  };
}

interface Rehearsed {
  readonly record: RunRecord;
  readonly announced: DryRun["announced"];
}

/** One dry run over the world. `change`: how its service differs. */
async function rehearse(world: World, change: (service: Service) => Service = (same) => same): Promise<Rehearsed> {
  const { service, announced } = dryRun(change(withoutWriters(world.service("dry"))));
  let record: RunRecord | undefined;
  await world.scheduler.drive({ dry: async () => (record = await run(service)) });
  if (!record) throw new Error("the run has no record");
  return { record, announced };
}

/** All that the world stores and has sent. */
const stateOf = (world: World): unknown =>
  structuredClone({
    // A partition that was read and holds nothing is no write.
    sightings: [...world.sightings].filter(([, stored]) => stored.size > 0),
    epochs: world.epochs,
    outbox: world.outbox,
    units: world.units,
    attempts: world.attempts,
    namedEpochs: world.namedEpochs,
    detections: world.detections,
    runs: world.runs,
    waves: world.waves,
    approvals: world.approvals,
    marks: world.marks,
    sends: world.sends,
  });

const eventOf = ({ body }: OutboxMessage): AnyEvent => anyEvent.parse(JSON.parse(new TextDecoder().decode(body)));

/** Device and cause of each sighting that would be announced in a message of its own. */
const causesOf = (announced: readonly OutboxMessage[]): readonly (readonly [string, string])[] =>
  announced.map(eventOf).flatMap((event) => ("device" in event.data ? [[event.data.device.id, event.data.cause]] : []));

const deviceOf = (partition: string, n: number): string => partition + String(n).padStart(39, "0");

describe("dry run over a state that throws on every write", () => {
  test("a new sighting, an approval that has ended, and new evidence in a recheck that is cut off", async () => {
    const world = new World();
    world.packs = [packOf([detection(LEVEL)], { name: "catalogue", evidence: EVIDENCE })];
    const expected = Array.from({ length: 600 }, (_, n) => deviceOf("1", n));
    const [changed, unchanged] = [deviceOf("1", 0), deviceOf("1", 1)];
    const ended = deviceOf("e", 0);
    const added = deviceOf("c", 0);
    world.approvals = {
      version: 1,
      approvals: [
        approvalOf(world, expected),
        approvalOf(world, [ended], { id: "ended", expires: world.date(1.5 * DAY) }),
      ],
    };
    for (const device of [...expected, ended]) deploy(world, device, 0);
    world.now = HOUR;
    await world.run();
    expect(world.runs[0]).toMatchObject({ outcome: "ok", expected: 601, announced: 0 });

    world.now = 2 * DAY;
    deploy(world, added, world.now - HOUR);
    const known = { at: world.now - HOUR, ingested: world.now - HOUR };
    world.activities.push({ device: unchanged, ...known });
    world.events.push({ device: changed, ...known, kind: "arrival", path: "c:\\users\\ada\\downloads\\setup.exe" });
    const time = runClock();
    let rechecked = 0;
    /** Evidence about a whole batch takes more than the half of a run that a recheck may take. */
    const slow = (service: Service): Service =>
      withSources(service, (source) => ({
        evidence: async (pack, ask) => {
          if (ask.devices.length > 1) time.pass(5 * MINUTE);
          if (ask.devices.length > 1) rechecked += ask.devices.length;
          return source.evidence(pack, ask);
        },
      }));
    const before = stateOf(world);

    const { record, announced } = await rehearse(world, slow);
    expect(record).toMatchObject({ outcome: "ok", new: 1, announced: 3, sent: 0, unitsLeft: 0 });
    expect(new Map(causesOf(announced))).toEqual(
      new Map([
        [ended, "approval-ended"],
        [changed, "new-activity"],
        [added, "new-activity"],
      ]),
    );
    expect(announced).toHaveLength(3);
    expect(stateOf(world)).toEqual(before);
    // Cut off behind its first batch.
    expect(rechecked).toBeGreaterThan(0);
    expect(rechecked).toBeLessThan(expected.length);

    // A run that writes announces the same, and saves where its recheck was cut off.
    await world.scheduler.drive({ real: () => run(slow(world.service("real"))) });
    expect(new Set(world.sends)).toEqual(new Set(announced.map(({ id }) => id)));
    expect(world.marks.recheckPosition).toMatchObject({ partition: "1" });
  });

  test("a wave over several partitions – one header, and its members", async () => {
    const world = new World();
    world.settings = { ...world.settings, waveThreshold: 3 };
    await world.run();
    world.now = HOUR;
    for (const partition of ["a", "b"]) for (let n = 0; n < 3; n++) deploy(world, deviceOf(partition, n), world.now);
    const before = stateOf(world);
    const { record, announced } = await rehearse(world);
    expect(record).toMatchObject({ outcome: "ok", new: 6, announced: 6, waves: 1 });
    expect(announced.map(({ type }) => type).filter((type) => type === TYPES.wave)).toHaveLength(1);
    expect(stateOf(world)).toEqual(before);
  });

  test("a wave that two sources show – one header, and each device once", async () => {
    const world = new World();
    world.settings = { ...world.settings, waveThreshold: 3 };
    await world.run();
    world.now = HOUR;
    for (let n = 0; n < 3; n++) deploy(world, deviceOf("a", n), world.now);
    const { record, announced } = await rehearse(world, (service) =>
      withSources(service, () => ({}), ["main", "south"]),
    );
    expect(record).toMatchObject({ outcome: "ok", new: 3, announced: 3, waves: 1 });
    expect(announced.map(({ type }) => type)).toEqual([TYPES.wave, TYPES.members]);
  });

  test("a state that no run has used yet", async () => {
    const world = new World();
    deploy(world, deviceOf("a", 0), 0);
    const before = stateOf(world);
    const { record, announced } = await rehearse(world);
    expect(record).toMatchObject({ outcome: "ok", new: 1, announced: 1 });
    expect(causesOf(announced)).toEqual([[deviceOf("a", 0), "baseline"]]);
    expect(stateOf(world)).toEqual(before);
  });
});

describe("types – checked by the compiler", () => {
  /** Only what a reader has: enough for a dry run. */
  const readersOf = ({ sightings, coverage, waves, approvals, ...rest }: Service): DryRunParts => ({
    ...rest,
    sightings: sightings satisfies SightingsReader,
    coverage: { snapshot: () => coverage.snapshot() },
    waves: { read: (detectionId) => waves.read(detectionId) },
    approvals: { pointer: () => approvals.pointer(), current: () => approvals.current() },
  });

  test("readers are enough", async () => {
    const world = new World();
    const { service } = dryRun(readersOf(world.service("dry")));
    let record: RunRecord | undefined;
    await world.scheduler.drive({ dry: async () => (record = await run(service)) });
    expect(record).toMatchObject({ outcome: "ok" });
  });
});

/** Never called: each writer is an error of types. */
export function writersOf(parts: DryRunParts): readonly unknown[] {
  return [
    // @ts-expect-error a dry run's sightings have no writer
    parts.sightings.commit,
    // @ts-expect-error a dry run's coverage has no writer
    parts.coverage.advance,
    // @ts-expect-error a dry run's waves have no writer
    parts.waves.write,
    // @ts-expect-error a dry run's approvals have no writer
    parts.approvals.apply,
    // @ts-expect-error a dry run has no queue
    parts.relay,
  ];
}
