import * as fc from "fast-check";
import { expect, it } from "vitest";
import { createLimiter } from "../../shared/limiter.ts";
import { inTime } from "../property.ts";

/** Work that ends when it is told to. */
function pending(): { readonly promise: Promise<void>; readonly end: (failed: boolean) => void } {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { promise, end: (failed) => (failed ? reject(new Error("failed")) : resolve()) };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("runs as much at once as it may, in the order of asking, whatever ends when and how", async () => {
  const step = fc.oneof(fc.constant("start" as const), fc.record({ end: fc.nat(), failed: fc.boolean() }));
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 40 }), async (most, steps) => {
      const limit = createLimiter(most);
      const running: { readonly id: number; readonly end: (failed: boolean) => void }[] = [];
      const began: number[] = [];
      const asked: Promise<unknown>[] = [];
      let ended = 0;
      for (const next of steps) {
        if (next === "start") {
          const id = asked.length;
          const work = async (): Promise<void> => {
            const { promise, end } = pending();
            running.push({ id, end });
            began.push(id);
            await promise;
          };
          asked.push(limit(work).catch(() => undefined));
        } else if (running.length > 0) {
          running.splice(next.end % running.length, 1)[0]?.end(next.failed);
          ended += 1;
        }
        await settled();
        expect(running).toHaveLength(Math.min(most, asked.length - ended));
      }
      while (running.length > 0) {
        running.shift()?.end(false);
        await settled();
      }
      await Promise.all(asked);
      expect(began).toEqual(asked.map((_, i) => i));
    }),
    { ...inTime(), numRuns: 200 },
  );
});

it("a place that is handed over can't be taken by a newcomer", async () => {
  const limit = createLimiter(1);
  const first = pending();
  let running = 0;
  const count = async (): Promise<void> => {
    running += 1;
    expect(running).toBe(1);
    await settled();
    running -= 1;
  };
  const one = limit(() => first.promise);
  const two = limit(count);
  const three = one.then(() => limit(count));
  first.end(false);
  await Promise.all([two, three]);
});
