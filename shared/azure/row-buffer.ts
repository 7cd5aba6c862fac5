import type { LogsTable } from "@azure/monitor-query";

export type Cells = LogsTable["rows"][number];

/** Bytes by which the buffer grows. */
const STEP = 1024 * 1024;

/**
 * The rows of a result as the bytes that arrived, outside the heap: an answer of 60 MB takes 60 MB. Parsed, it takes several times
 * that, and all of it outlives the garbage collector's young generation. The buffer is one reservation, which takes memory as it
 * fills and frees all of it at once. Many small blocks would leave fragments that the allocator keeps.
 */
export class RowBuffer {
  readonly #store: ArrayBuffer;
  readonly #bytes: Buffer;
  /** Offset of the end of each row. A row starts at the end of the row before it. */
  readonly #ends: number[] = [];
  #used = 0;

  /** @param capacity greatest number of bytes of all rows together; reserved, not allocated */
  constructor(capacity: number) {
    this.#store = new ArrayBuffer(0, { maxByteLength: capacity });
    this.#bytes = Buffer.from(this.#store);
  }

  get count(): number {
    return this.#ends.length;
  }

  /**
   * Appends a copy of one row's JSON.
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
   * The parsed cells of the n-th row. An error that the engine put among the rows is not an array.
   * @throws {SyntaxError} where the row is not JSON, or the rows are discarded
   */
  at(n: number): Cells {
    return JSON.parse(this.#bytes.toString("utf8", this.#ends[n - 1] ?? 0, this.#ends[n]));
  }

  /** Frees the memory. The buffer has no rows then. */
  discard(): void {
    this.#ends.length = 0;
    this.#used = 0;
    this.#store.resize(0);
  }
}
