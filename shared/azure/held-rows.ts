import type { LogsTable } from "@azure/monitor-query";

export type Cells = LogsTable["rows"][number];

/** Bytes of a block of held rows; a longer row has its own. */
const BLOCK = 1024 * 1024;

/**
 * The rows of a result as the bytes that came: outside the heap, where an answer of 60 MB costs 60 MB. Parsed, it costs several
 * times that, and all of it outlives the young generation.
 */
export class HeldRows {
  readonly #blocks: Buffer[] = [];
  /** Block, start and end of each row. */
  readonly #places: number[] = [];
  #used = BLOCK;

  get count(): number {
    return this.#places.length / 3;
  }

  /** Copies one row's JSON. */
  add(row: Uint8Array): void {
    if (this.#used + row.length > (this.#blocks.at(-1)?.length ?? 0)) {
      this.#blocks.push(Buffer.allocUnsafeSlow(Math.max(BLOCK, row.length)));
      this.#used = 0;
    }
    this.#blocks.at(-1)?.set(row, this.#used);
    this.#places.push(this.#blocks.length - 1, this.#used, this.#used + row.length);
    this.#used += row.length;
  }

  /**
   * The n-th row's cells as parsed; what the engine put among the rows is no array.
   * @throws {SyntaxError} where it is no JSON
   */
  at(n: number): Cells {
    const [block = 0, from, to] = this.#places.slice(n * 3, n * 3 + 3);
    return JSON.parse(this.#blocks[block]?.toString("utf8", from, to) ?? "");
  }
}
