import type { LogsTable } from "@azure/monitor-query";

export type Cells = LogsTable["rows"][number];

/** Bytes by which the store grows. */
const STEP = 1024 * 1024;

/**
 * The rows of a result as the bytes that came: outside the heap, where an answer of 60 MB costs 60 MB. Parsed, it costs several
 * times that, and all of it outlives the young generation. The store is a reservation that takes memory as it fills, and gives all of
 * it back at once: of many blocks the allocator would keep what lies between those that others took.
 */
export class RowBuffer {
  readonly #store: ArrayBuffer;
  readonly #bytes: Buffer;
  /** Where each row ends; it starts where the one before ends. */
  readonly #ends: number[] = [];
  #used = 0;

  /** @param capacity bytes of all rows together, at most; reserved, not taken */
  constructor(capacity: number) {
    this.#store = new ArrayBuffer(0, { maxByteLength: capacity });
    this.#bytes = Buffer.from(this.#store);
  }

  get count(): number {
    return this.#ends.length;
  }

  /**
   * Copies one row's JSON.
   * @throws {RangeError} beyond the capacity
   */
  add(row: Uint8Array): void {
    const end = this.#used + row.length;
    if (end > this.#store.byteLength)
      this.#store.resize(Math.max(end, Math.min(this.#store.maxByteLength, this.#store.byteLength + STEP)));
    this.#bytes.set(row, this.#used);
    this.#ends.push(end);
    this.#used = end;
  }

  /**
   * The n-th row's cells as parsed; what the engine put among the rows is no array.
   * @throws {SyntaxError} where it is no JSON, or given up
   */
  at(n: number): Cells {
    return JSON.parse(this.#bytes.toString("utf8", this.#ends[n - 1] ?? 0, this.#ends[n]));
  }

  /** Gives the memory back; there are no rows then. */
  discard(): void {
    this.#ends.length = 0;
    this.#used = 0;
    this.#store.resize(0);
  }
}
