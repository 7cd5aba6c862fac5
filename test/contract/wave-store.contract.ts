import { expect } from "vitest";
import type { Contract } from "./contract.ts";
import { DETECTION, hour, message, messageId, OTHER_DETECTION } from "./samples.ts";

const COUNTED = { tally: [{ hour: hour(0), count: 7 }] };
const OPENED = { tally: [{ hour: hour(1), count: 30 }], wave: { id: messageId(1), openedAt: hour(1) } };

export const waveStore: Contract = {
  port: "WaveStore",
  cases: [
    {
      title: "read – no tally and no version where there is no row",
      async check({ waves }) {
        expect(await waves.read(DETECTION)).toEqual({ state: { tally: [] } });
      },
    },
    {
      title: "write – the row of one detection, in the version that was read",
      async check({ waves }) {
        expect(await waves.write(DETECTION, COUNTED, undefined, undefined, hour(0))).toEqual({ kind: "done" });
        const first = await waves.read(DETECTION);
        expect(first).toEqual({ state: COUNTED, etag: expect.any(String) });
        expect(await waves.write(DETECTION, OPENED, first.etag, message(1), hour(1))).toEqual({ kind: "done" });
        expect((await waves.read(DETECTION)).state).toEqual(OPENED);
        expect(await waves.read(OTHER_DETECTION)).toEqual({ state: { tally: [] } });
      },
    },
    {
      title: "write – a wave that is over leaves the row",
      async check({ waves }) {
        await waves.write(DETECTION, OPENED, undefined, undefined, hour(1));
        const { etag } = await waves.read(DETECTION);
        await waves.write(DETECTION, COUNTED, etag, undefined, hour(30));
        expect((await waves.read(DETECTION)).state).toEqual(COUNTED);
      },
    },
    {
      title: "write – a version that is no longer stored is a conflict, and the header is not written either",
      condition: "if-match",
      async check({ waves, outbox }) {
        await waves.write(DETECTION, { tally: [] }, undefined, undefined, hour(0));
        const { etag } = await waves.read(DETECTION);
        await waves.write(DETECTION, COUNTED, etag, undefined, hour(0));
        expect(await waves.write(DETECTION, OPENED, etag, message(1), hour(1))).toEqual({ kind: "conflict" });
        expect((await waves.read(DETECTION)).state).toEqual(COUNTED);
        expect(await outbox.survey()).toMatchObject({ depth: 0 });
      },
    },
    {
      title: "write – a row that another run has made meanwhile is a conflict, and the header is not written either",
      condition: "insert-only",
      async check({ waves, outbox }) {
        await waves.write(DETECTION, COUNTED, undefined, undefined, hour(0));
        expect(await waves.write(DETECTION, OPENED, undefined, message(1), hour(1))).toEqual({ kind: "conflict" });
        expect((await waves.read(DETECTION)).state).toEqual(COUNTED);
        expect(await outbox.survey()).toMatchObject({ depth: 0 });
      },
    },
    {
      title: "write – a header that waits already is a conflict, and the row is not written either",
      condition: "insert-only",
      async check({ waves, outbox }) {
        await waves.write(OTHER_DETECTION, OPENED, undefined, message(1), hour(1));
        expect(await waves.write(DETECTION, OPENED, undefined, message(1), hour(1))).toEqual({ kind: "conflict" });
        expect(await waves.read(DETECTION)).toEqual({ state: { tally: [] } });
        expect(await outbox.survey()).toMatchObject({ depth: 1 });
      },
    },
  ],
};
