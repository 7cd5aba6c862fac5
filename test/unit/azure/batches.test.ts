import { array, assert, constant, constantFrom, integer, oneof, property, string } from "fast-check";
import { expect, it } from "vitest";
import { batchesOf } from "../../../shared/azure/batches.ts";
import { partitionOf } from "../../../shared/core/slice.ts";

/** Few enough that they come twice, in both spellings; some rows have none. */
const device = oneof(
  string({ unit: constantFrom("0", "a", "A", "f", "z"), minLength: 1, maxLength: 3 }),
  constant(null),
  constant(7),
);

const idOf = (of: unknown): string => (typeof of === "string" ? of.toLowerCase() : "");

it("each row is in one portion, with all rows of its device; portions of one partition follow each other", () => {
  assert(
    property(array(device, { maxLength: 60 }), integer({ min: 1, max: 10 }), (devices, size) => {
      const batches = batchesOf(devices.length, (n) => devices[n], size);
      expect(batches.flat().toSorted((a, b) => a - b)).toEqual([...devices.keys()]);
      expect(batches.every((batch) => batch.length > 0)).toBe(true);

      const places = Map.groupBy(
        batches.flatMap((batch, place) => batch.map((n) => ({ id: idOf(devices[n]), place }))),
        ({ id }) => id,
      );
      for (const of of places.values()) expect(new Set(of.map(({ place }) => place)).size).toBe(1);

      const partitions = batches.flatMap((batch) => [...new Set(batch.map((n) => partitionOf(idOf(devices[n]))))]);
      const runs = partitions.filter((partition, i) => partition !== partitions[i - 1]);
      expect(runs).toEqual([...new Set(partitions)]);
    }),
    { numRuns: 500 },
  );
});

it("a partition of many devices is cut into portions of about the size that is asked for; few rows are not cut", () => {
  const many = Array.from({ length: 5000 }, (_, i) => `a${i.toString(16)}`);
  const batches = batchesOf(many.length, (n) => many[n], 500);
  expect(batches).toHaveLength(10);
  expect(Math.max(...batches.map(({ length }) => length))).toBeLessThan(650);
  expect(batchesOf(500, (n) => many[n], 500)).toHaveLength(1);
  expect(batchesOf(0, () => "")).toEqual([]);
});
