import { partitionOf } from "../core/slice.ts";

/** Rows that are parsed at once: a few megabytes, and few enough batches that the cost of each does not matter. */
const BATCH_SIZE = 4000;

/**
 * Cuts rows into batches of row numbers. All rows of a device are in one batch, so that rows of one key fold. Batches of one
 * partition of the state follow each other, so that its known sightings are read once. Up to `size` rows are one batch.
 */
export function batchesOf(
  count: number,
  deviceOf: (n: number) => unknown,
  size = BATCH_SIZE,
): readonly (readonly number[])[] {
  const partitions = new Map<string, { readonly rows: number[]; readonly hashes: number[] }>();
  for (let n = 0; n < count; n++) {
    const device = deviceOf(n);
    const id = typeof device === "string" ? device.toLowerCase() : "";
    const partition = partitionOf(id);
    const stored = partitions.get(partition) ?? { rows: [], hashes: [] };
    if (stored.rows.length === 0) partitions.set(partition, stored);
    stored.rows.push(n);
    stored.hashes.push(hash(id));
  }
  if (count <= size) return count === 0 ? [] : [[...partitions.values()].flatMap(({ rows }) => rows)];
  return [...cut([...partitions.values()], size)];
}

function* cut(
  partitions: readonly { readonly rows: readonly number[]; readonly hashes: readonly number[] }[],
  size: number,
): Generator<readonly number[]> {
  for (const { rows, hashes } of partitions) {
    const parts = Math.ceil(rows.length / size);
    for (let part = 0; part < parts; part++) {
      const batch = rows.filter((_, i) => (hashes[i] ?? 0) % parts === part);
      if (batch.length > 0) yield batch;
    }
  }
}

/** FNV-1a, 30 bits: a small integer. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return state >>> 2;
}
