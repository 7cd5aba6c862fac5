import { RowBuffer } from "./row-buffer.ts";

/** The rows of a result, table by table, and its body without them. */
export interface AnswerRows {
  /** The body as it arrived, with each table's `rows` empty. */
  readonly body: string;
  readonly tables: readonly RowBuffer[];
}

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** Nesting depth of the parts of a result: `{` 1 `"tables": [` 2 `{` 3 `"rows": [` 4. */
const OF_BODY = 1;
const OF_TABLE = 3;
const OF_ROWS = 4;

/**
 * Reads the query API's JSON chunk by chunk and extracts the rows, unparsed. It reads bytes: the characters that matter are ASCII,
 * which in UTF-8 is never part of another character. So a chunk may end anywhere.
 * @param maxBytes of the whole answer; the caller enforces it
 */
export function rowExtractor(maxBytes: number) {
  const rest: Uint8Array[] = [];
  const tables: RowBuffer[] = [];
  let rows: RowBuffer | undefined;
  let row: Uint8Array[] | undefined;
  let depth = 0;
  let inText = false;
  let escaped = false;
  /** The text that is being read, where it may be a key. */
  let name = "";
  /** The last key of the body, and of the current table. */
  let ofBody = "";
  let ofTable = "";

  return { write, end, discard };

  /** Reads one chunk. A row that continues beyond `piece` keeps a view of it, so its bytes must not change. */
  function write(piece: Uint8Array): void {
    let from = 0;
    for (let at = 0; at < piece.length; at++) {
      const code = piece[at] ?? 0;
      if (inText) {
        if (escaped) escaped = false;
        else if (code === BACKSLASH) escaped = true;
        else if (code === QUOTE) inText = false;
        if (inText && row === undefined && depth <= OF_TABLE) name += String.fromCharCode(code);
        continue;
      }
      switch (code) {
        case QUOTE:
          inText = true;
          name = "";
          break;
        case COLON:
          if (depth === OF_BODY) ofBody = name;
          else if (depth === OF_TABLE) ofTable = name;
          break;
        case COMMA:
          // A comma between two rows belongs to neither.
          if (rows && depth === OF_ROWS) {
            keep(piece, from, at);
            from = at + 1;
          }
          break;
        case OPEN_ARRAY:
        case OPEN_OBJECT:
          if (rows && depth === OF_ROWS) {
            keep(piece, from, at);
            from = at;
            row = [];
          }
          depth += 1;
          if (depth === OF_ROWS && code === OPEN_ARRAY && ofBody === "tables" && ofTable === "rows")
            tables.push((rows = new RowBuffer(maxBytes)));
          break;
        case CLOSE_ARRAY:
        case CLOSE_OBJECT:
          depth -= 1;
          if (rows && row && depth === OF_ROWS) {
            row.push(piece.subarray(from, at + 1));
            rows.add(joined(row));
            row = undefined;
            from = at + 1;
          } else if (depth === OF_TABLE) rows = undefined;
          break;
      }
    }
    if (row) row.push(piece.subarray(from));
    else keep(piece, from, piece.length);
  }

  /** Keeps bytes outside of rows, as a copy: a view of a few bytes would keep the whole chunk in memory. */
  function keep(piece: Uint8Array, from: number, to: number): void {
    if (to > from) rest.push(Buffer.from(piece.subarray(from, to)));
  }

  function end(): AnswerRows {
    return { body: Buffer.concat(rest).toString(), tables };
  }

  /** Discards the rows read so far. */
  function discard(): void {
    for (const buffer of tables) buffer.discard();
  }
}

const joined = (pieces: readonly Uint8Array[]): Uint8Array =>
  pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
