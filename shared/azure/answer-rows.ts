import type { LogsTable } from "@azure/monitor-query";

export type Cells = LogsTable["rows"][number];

/** A result's rows, table by table, and its body without them. */
export interface AnswerRows {
  /** The body as it came, each table's `rows` empty. */
  readonly body: string;
  /** Cells as parsed; among the rows there may be what the engine put there, which is no array. */
  readonly tables: readonly (readonly Cells[])[];
}

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** Nesting at which a result's parts stand: `{` 1 `"tables": [` 2 `{` 3 `"rows": [` 4. */
const OF_BODY = 1;
const OF_TABLE = 3;
const OF_ROWS = 4;

/**
 * Reads the query API's JSON piece by piece. Each row is parsed as soon as it is whole, and its text forgotten: parsed at once a body of
 * 60 MB takes several times that.
 */
export function answerReader() {
  const rest: string[] = [];
  const tables: Cells[][] = [];
  let rows: Cells[] | undefined;
  let row: string[] | undefined;
  let depth = 0;
  let inText = false;
  let escaped = false;
  /** The text that is read, where it may be a key; and the last key of the body and of a table. */
  let name = "";
  let ofBody = "";
  let ofTable = "";

  return { write, end };

  function write(piece: string): void {
    let from = 0;
    for (let at = 0; at < piece.length; at++) {
      const code = piece.charCodeAt(at);
      if (inText) {
        if (escaped) escaped = false;
        else if (code === BACKSLASH) escaped = true;
        else if (code === QUOTE) inText = false;
        if (inText && row === undefined && depth <= OF_TABLE) name += piece[at] ?? "";
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
          // Between two rows: of neither.
          if (rows && depth === OF_ROWS) {
            rest.push(piece.slice(from, at));
            from = at + 1;
          }
          break;
        case OPEN_ARRAY:
        case OPEN_OBJECT:
          if (rows && depth === OF_ROWS) {
            rest.push(piece.slice(from, at));
            from = at;
            row = [];
          }
          depth += 1;
          if (depth === OF_ROWS && code === OPEN_ARRAY && ofBody === "tables" && ofTable === "rows")
            tables.push((rows = []));
          break;
        case CLOSE_ARRAY:
        case CLOSE_OBJECT:
          depth -= 1;
          if (rows && row && depth === OF_ROWS) {
            row.push(piece.slice(from, at + 1));
            rows.push(JSON.parse(row.join("")));
            row = undefined;
            from = at + 1;
          } else if (depth === OF_TABLE) rows = undefined;
          break;
      }
    }
    (row ?? rest).push(piece.slice(from));
  }

  function end(): AnswerRows {
    return { body: rest.join(""), tables };
  }
}
