import { expect } from "vitest";
import { encodeEvidence } from "../../shared/core/stored-evidence.ts";
import { sightingRowKey } from "../../shared/core/stores/sighting-key.ts";
import type { Contract, Stores } from "./contract.ts";
import { DETECTION, device, etagOf, hour, keyOf, message, messageId, OTHER_DETECTION, sighting } from "./samples.ts";

const EVIDENCE = { pieces: [], missing: ["DeviceFileEvents could not be read"] };
const STORED = encodeEvidence(EVIDENCE, { deviceGroup: "Workstations", counterfeit: true }).text;

/** Ids of the messages that wait, in the order of the outbox. */
async function waiting({ outbox }: Pick<Stores, "outbox">): Promise<readonly string[]> {
  const { partitions } = await outbox.survey();
  const ids: string[] = [];
  const items = outbox.read(partitions);
  for (let next = await items.next(); next.done !== true; next = await items.next())
    ids.push(next.value.kind === "message" ? next.value.message.id : next.value.reason);
  return ids;
}

export const sightingsStore: Contract = {
  port: "SightingsStore",
  cases: [
    {
      title: "commit – a second insert of one sighting is a conflict, and its message is not written",
      condition: "insert-only",
      async check(stores) {
        const { sightings } = stores;
        expect(await sightings.commit("a", [{ sighting: sighting() }], [message(1)], hour(0))).toEqual({
          kind: "done",
        });
        const again = { sighting: sighting({ episode: 2 }) };
        expect(await sightings.commit("a", [again], [message(2)], hour(1))).toEqual({ kind: "conflict" });
        expect(await waiting(stores)).toEqual([messageId(1)]);
        expect((await sightings.readKeys("a", [keyOf(1)])).get(keyOf(1))).toMatchObject({ episode: 1 });
      },
    },
    {
      title: "commit – one insert that conflicts keeps the others from being written",
      condition: "insert-only",
      async check({ sightings }) {
        await sightings.commit("a", [{ sighting: sighting() }], [], hour(0));
        const both = [2, 1].map((n) => ({ sighting: sighting({ deviceId: device(n) }) }));
        expect(await sightings.commit("a", both, [], hour(1))).toEqual({ kind: "conflict" });
        expect([...(await sightings.readVersions("a")).keys()]).toEqual([keyOf(1)]);
      },
    },
    {
      title: "commit – a message that waits already is a conflict, and its sighting is not written",
      condition: "insert-only",
      async check(stores) {
        const { sightings } = stores;
        await sightings.commit("a", [{ sighting: sighting() }], [message(1)], hour(0));
        const another = { sighting: sighting({ deviceId: device(2) }) };
        expect(await sightings.commit("a", [another], [message(1)], hour(0))).toEqual({ kind: "conflict" });
        expect([...(await sightings.readVersions("a")).keys()]).toEqual([keyOf(1)]);
        expect(await waiting(stores)).toEqual([messageId(1)]);
      },
    },
    {
      title: "commit – a change of the version that was read is written, and gives another version",
      async check({ sightings }) {
        await sightings.commit("a", [{ sighting: sighting() }], [], hour(0));
        const etag = await etagOf(sightings, 1);
        const change = { sighting: sighting({ episode: 2, lastSeen: hour(5) }), etag };
        expect(await sightings.commit("a", [change], [], hour(5))).toEqual({ kind: "done" });
        const known = (await sightings.readKeys("a", [keyOf(1)])).get(keyOf(1));
        expect(known).toMatchObject({ episode: 2, lastSeen: hour(5) });
        expect(known?.etag).not.toBe(etag);
      },
    },
    {
      title:
        "commit – a change of a version that is no longer stored is a conflict, and neither it nor its message is written",
      condition: "if-match",
      async check(stores) {
        const { sightings } = stores;
        const first = [1, 2].map((n) => ({ sighting: sighting({ deviceId: device(n) }) }));
        await sightings.commit("a", first, [], hour(0));
        const stale = await etagOf(sightings, 1);
        const fresh = await etagOf(sightings, 2);
        await sightings.refresh("a", [{ ...sighting(), lastSeen: hour(24), etag: stale }]);
        const changes = [
          { sighting: sighting({ deviceId: device(2), episode: 2 }), etag: fresh },
          { sighting: sighting({ episode: 2 }), etag: stale },
        ];
        expect(await sightings.commit("a", changes, [message(1)], hour(25))).toEqual({ kind: "conflict" });
        const known = await sightings.readKeys("a", [keyOf(1), keyOf(2)]);
        expect([known.get(keyOf(1))?.episode, known.get(keyOf(2))?.episode]).toEqual([1, 1]);
        expect(await waiting(stores)).toEqual([]);
      },
    },
    {
      title: "commit – a change of a sighting that was deleted meanwhile is a conflict",
      async check({ sightings, retention }) {
        await sightings.commit("a", [{ sighting: sighting() }], [], hour(0));
        const etag = await etagOf(sightings, 1);
        await retention.deleteExpired(hour(24));
        expect(await sightings.commit("a", [{ sighting: sighting(), etag }], [], hour(24))).toEqual({
          kind: "conflict",
        });
        expect((await sightings.readVersions("a")).size).toBe(0);
      },
    },
    {
      title: "commit – evidence and messageId stay where none is given; waveId and approvalId are emptied",
      async check({ sightings }) {
        const before = sighting({ waveId: messageId(7), approvalId: "deployed", disposition: "expected" });
        await sightings.commit("a", [{ sighting: before, evidence: STORED }], [], hour(0));
        const { messageId: _, ...quiet } = sighting({ approvalsVersion: 2, decidedAt: hour(1) });
        const etag = await etagOf(sightings, 1);
        await sightings.commit("a", [{ sighting: quiet, etag }], [], hour(1));
        const [stored] = await sightings.storedKeys("a", [keyOf(1)]);
        expect(stored).toEqual({
          ...sighting({ approvalsVersion: 2, decidedAt: hour(1) }),
          evidence: EVIDENCE,
          deviceGroup: "Workstations",
          counterfeit: true,
          etag: expect.any(String),
        });
        expect((await sightings.readKeys("a", [keyOf(1)])).get(keyOf(1))?.stored).toBe(STORED);
      },
    },
    {
      title: "commit – evidence that is given takes the place of what was stored",
      async check({ sightings }) {
        await sightings.commit("a", [{ sighting: sighting(), evidence: STORED }], [], hour(0));
        const { text } = encodeEvidence({ pieces: [], missing: [] }, { deviceGroup: "Servers", counterfeit: false });
        await sightings.commit(
          "a",
          [{ sighting: sighting(), evidence: text, etag: await etagOf(sightings, 1) }],
          [],
          hour(1),
        );
        expect(await sightings.storedKeys("a", [keyOf(1)])).toMatchObject([
          { evidence: { pieces: [], missing: [] }, deviceGroup: "Servers", counterfeit: false },
        ]);
      },
    },
    {
      title: "refresh – moves lastSeen and the device's name, and nothing else",
      async check({ sightings }) {
        const before = sighting({ waveId: messageId(7), approvalId: "deployed", disposition: "expected" });
        await sightings.commit("a", [{ sighting: before, evidence: STORED }], [], hour(0));
        const refresh = { ...before, deviceName: "ws-renamed", lastSeen: hour(24), etag: await etagOf(sightings, 1) };
        expect(await sightings.refresh("a", [refresh])).toEqual({ kind: "done" });
        expect(await sightings.storedKeys("a", [keyOf(1)])).toEqual([
          {
            ...before,
            deviceName: "ws-renamed",
            lastSeen: hour(24),
            evidence: EVIDENCE,
            deviceGroup: "Workstations",
            counterfeit: true,
            etag: expect.any(String),
          },
        ]);
        expect(await etagOf(sightings, 1)).not.toBe(refresh.etag);
      },
    },
    {
      title: "refresh – one version of several that is no longer stored: none is written",
      condition: "if-match",
      async check({ sightings }) {
        const three = [1, 2, 3].map((n) => sighting({ deviceId: device(n) }));
        await sightings.commit(
          "a",
          three.map((one) => ({ sighting: one })),
          [],
          hour(0),
        );
        const etags = await Promise.all([1, 2, 3].map((n) => etagOf(sightings, n)));
        await sightings.commit(
          "a",
          [{ sighting: sighting({ deviceId: device(2), episode: 2 }), etag: etags[1] ?? "" }],
          [],
          hour(1),
        );
        const refreshes = three.map((one, i) => ({ ...one, lastSeen: hour(24), etag: etags[i] ?? "" }));
        expect(await sightings.refresh("a", refreshes)).toEqual({ kind: "conflict" });
        const versions = await sightings.readVersions("a");
        expect([...versions.values()].map(({ lastSeen }) => lastSeen)).toEqual([hour(0), hour(0), hour(0)]);
      },
    },
    {
      title: "readVersions – lastSeen and version by RowKey, of one partition, with neither epoch nor outbox",
      async check({ sightings }) {
        await sightings.makeEpoch("a", "e1");
        await sightings.commit("a", [{ sighting: sighting() }], [message(1)], hour(0));
        await sightings.commit("b", [{ sighting: sighting({ deviceId: device(1, "b") }) }], [], hour(0));
        expect([...(await sightings.readVersions("a"))]).toEqual([
          [keyOf(1), { lastSeen: hour(0), etag: expect.any(String) }],
        ]);
        expect((await sightings.readVersions("c")).size).toBe(0);
      },
    },
    {
      title: "readKeys – the known among the keys, with what a decision needs",
      async check({ sightings }) {
        const expected = sighting({ disposition: "expected", approvalId: "deployed", approvalsVersion: 3 });
        await sightings.commit("a", [{ sighting: expected }], [], hour(0));
        expect([...(await sightings.readKeys("a", [keyOf(1), keyOf(2)]))]).toEqual([
          [
            keyOf(1),
            {
              firstSeen: hour(0),
              lastSeen: hour(0),
              episode: 1,
              announcement: 1,
              disposition: "expected",
              approvalId: "deployed",
              approvalsVersion: 3,
              etag: expect.any(String),
            },
          ],
        ]);
      },
    },
    {
      title: "storedKeys – the stored among the keys, with their evidence",
      async check({ sightings }) {
        const changes = [1, 2, 3].map((n) => ({ sighting: sighting({ deviceId: device(n) }) }));
        await sightings.commit("a", changes, [], hour(0));
        const stored = await sightings.storedKeys("a", [keyOf(3), keyOf(1), keyOf(9)]);
        expect(stored.map(({ deviceId }) => deviceId).toSorted()).toEqual([device(1), device(3)]);
        expect(stored[0]).toMatchObject({ evidence: { pieces: [], missing: [] }, deviceGroup: "", counterfeit: false });
      },
    },
    {
      title:
        "stored – in the order of RowKeys: all, the expected ones and those of some detections, from behind a key on",
      async check({ sightings }) {
        const dispositions = ["expected", "announced", "expected", "expected"] as const;
        const changes = [1, 2, 3, 4].map((n) => ({
          sighting: sighting({ deviceId: device(n), disposition: dispositions[n - 1] ?? "announced" }),
        }));
        const other = { sighting: sighting({ detectionId: OTHER_DETECTION }) };
        await sightings.commit("a", [other, ...changes.toReversed()], [], hour(0));
        const found = async (filter?: Parameters<typeof sightings.stored>[1]) =>
          (await Array.fromAsync(sightings.stored("a", filter))).map(({ detectionId, deviceId }) =>
            detectionId === DETECTION ? Number(deviceId.slice(1)) : detectionId,
          );
        expect(await found()).toEqual([1, 2, 3, 4, OTHER_DETECTION]);
        expect(await found({ expectedOr: [] })).toEqual([1, 3, 4]);
        expect(await found({ expectedOr: [], after: keyOf(1) })).toEqual([3, 4]);
        expect(await found({ expectedOr: [OTHER_DETECTION] })).toEqual([1, 3, 4, OTHER_DETECTION]);
        expect(await found({ expectedOr: [DETECTION], after: keyOf(1) })).toEqual([2, 3, 4]);
        expect(
          await found({ expectedOr: [], after: sightingRowKey(sighting({ detectionId: OTHER_DETECTION })) }),
        ).toEqual([]);
      },
    },
    {
      title: "stored – of more detections than one filter can name, none is missing",
      async check({ sightings }) {
        const changes = [1, 2].map((n) => ({ sighting: sighting({ deviceId: device(n) }) }));
        await sightings.commit("a", changes, [], hour(0));
        const many = Array.from({ length: 30 }, (_, i) => `${String(i).padStart(8, "0")}-0000-4000-8000-000000000000`);
        const stored = await Array.fromAsync(sightings.stored("a", { expectedOr: [...many, DETECTION] }));
        expect(stored.map(({ deviceId }) => deviceId)).toEqual([device(1), device(2)]);
      },
    },
    {
      title: "detectionsOn – the detections of each known device of the partition",
      async check({ sightings }) {
        const changes = [
          { sighting: sighting() },
          { sighting: sighting({ detectionId: OTHER_DETECTION }) },
          { sighting: sighting({ deviceId: device(2) }) },
          { sighting: sighting({ deviceId: device(3) }) },
        ];
        await sightings.commit("a", changes, [], hour(0));
        const many = Array.from({ length: 30 }, (_, i) => device(100 + i));
        const on = await sightings.detectionsOn("a", [device(1), ...many, device(2)]);
        expect(new Map([...on].map(([id, detections]) => [id, detections.toSorted()]))).toEqual(
          new Map([
            [device(1), [DETECTION, OTHER_DETECTION]],
            [device(2), [DETECTION]],
          ]),
        );
        expect((await sightings.detectionsOn("b", [device(1)])).size).toBe(0);
      },
    },
    {
      title: "makeEpoch – insert-only: the first one stays, and is returned",
      condition: "insert-only",
      async check({ sightings }) {
        expect(await sightings.epoch("a")).toBeUndefined();
        expect(await sightings.makeEpoch("a", "e1")).toBe("e1");
        expect(await sightings.makeEpoch("a", "e2")).toBe("e1");
        expect(await sightings.epoch("a")).toBe("e1");
        expect(await sightings.epoch("b")).toBeUndefined();
      },
    },
    {
      title: "replaceEpoch – another epoch, whether or not there was one",
      async check({ sightings }) {
        await sightings.makeEpoch("a", "e1");
        for (const partition of ["a", "b"]) await sightings.replaceEpoch(partition, "e2");
        expect([await sightings.epoch("a"), await sightings.epoch("b")]).toEqual(["e2", "e2"]);
        expect(await sightings.makeEpoch("a", "e3")).toBe("e2");
      },
    },
  ],
};

export const sightingsRetention: Contract = {
  port: "SightingsRetention",
  cases: [
    {
      title: "deleteExpired – what was not seen since, in all partitions, counted by detection",
      async check({ sightings, retention }) {
        const changes = [
          { sighting: sighting() },
          { sighting: sighting({ detectionId: OTHER_DETECTION }) },
          { sighting: sighting({ deviceId: device(2), lastSeen: hour(24) }) },
        ];
        await sightings.commit("a", changes, [], hour(0));
        await sightings.commit("z", [{ sighting: sighting({ deviceId: device(1, "z") }) }], [], hour(0));
        const deleted = await retention.deleteExpired(hour(24));
        expect(deleted).toEqual(
          new Map([
            [DETECTION, 2],
            [OTHER_DETECTION, 1],
          ]),
        );
        expect([...(await sightings.readVersions("a")).keys()]).toEqual([keyOf(2)]);
        expect((await sightings.readVersions("z")).size).toBe(0);
        expect((await retention.deleteExpired(hour(24))).size).toBe(0);
      },
    },
    {
      title: "deleteExpired – none whose message waits, until it is sent",
      async check({ sightings, retention, outbox }) {
        await sightings.commit("a", [{ sighting: sighting() }], [message(1)], hour(0));
        expect((await retention.deleteExpired(hour(24))).size).toBe(0);
        expect((await sightings.readVersions("a")).size).toBe(1);
        const { value } = await outbox.read(["a"]).next();
        await outbox.remove("a", [value?.key ?? ""]);
        expect([...(await retention.deleteExpired(hour(24)))]).toEqual([[DETECTION, 1]]);
      },
    },
    {
      title: "deleteExpired – each only in the version that was read: one that returns meanwhile stays",
      condition: "if-match",
      async check({ sightings, retention, race }) {
        const changes = [1, 2].map((n) => ({ sighting: sighting({ deviceId: device(n) }) }));
        await sightings.commit("a", changes, [], hour(0));
        const etag = await etagOf(sightings, 1);
        const deleted = await race(
          () => sightings.refresh("a", [{ ...sighting(), lastSeen: hour(48), etag }]),
          () => retention.deleteExpired(hour(24)),
        );
        expect([...deleted]).toEqual([[DETECTION, 1]]);
        expect([...(await sightings.readVersions("a"))]).toMatchObject([[keyOf(1), { lastSeen: hour(48) }]]);
      },
    },
  ],
};
