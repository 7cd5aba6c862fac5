import { array, assert, constant, constantFrom, integer, oneof, property, string } from "fast-check";
import { expect, it } from "vitest";
import { portionsOf } from "../../shared/azure/batches.ts";
import { partitionOf } from "../../shared/core/slice.ts";

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
      const portions = portionsOf(devices.length, (n) => devices[n], size);
      expect(portions.flat().toSorted((a, b) => a - b)).toEqual([...devices.keys()]);
      expect(portions.every((portion) => portion.length > 0)).toBe(true);

      const places = Map.groupBy(
        portions.flatMap((portion, place) => portion.map((n) => ({ id: idOf(devices[n]), place }))),
        ({ id }) => id,
      );
      for (const of of places.values()) expect(new Set(of.map(({ place }) => place)).size).toBe(1);

      const partitions = portions.flatMap((portion) => [...new Set(portion.map((n) => partitionOf(idOf(devices[n]))))]);
      const runs = partitions.filter((partition, i) => partition !== partitions[i - 1]);
      expect(runs).toEqual([...new Set(partitions)]);
    }),
    { numRuns: 500 },
  );
});

it("a partition of many devices is cut into portions of about the size that is asked for; few rows are not cut", () => {
  const many = Array.from({ length: 5000 }, (_, i) => `a${i.toString(16)}`);
  const portions = portionsOf(many.length, (n) => many[n], 500);
  expect(portions).toHaveLength(10);
  expect(Math.max(...portions.map(({ length }) => length))).toBeLessThan(650);
  expect(portionsOf(500, (n) => many[n], 500)).toHaveLength(1);
  expect(portionsOf(0, () => "")).toEqual([]);
});
