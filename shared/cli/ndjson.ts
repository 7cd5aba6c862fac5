import { createReadStream } from "node:fs";

import { parseJson } from "../kql/dynamic.ts";
import type { Value } from "../kql/value.ts";
import { isMap } from "../kql/value.ts";
import { DataFileError } from "./data-file-error.ts";

/** Longest accepted line, in UTF-16 units. A row may hold 500 columns of 1 MB; real rows are far smaller. */
const MAX_LINE = 16 * 1024 * 1024;

export interface JsonLine {
  /** From 1. */
  readonly line: number;
  /** The parsed object; 64-bit integers are exact. */
  readonly record: ReadonlyMap<string, Value>;
}

/**
 * Reads a file with one JSON object a line; empty lines are skipped. Only one line is in memory at a time.
 * @throws {DataFileError} for invalid UTF-8, a line that is not a JSON object, a line beyond 16 Mi characters
 */
export async function* jsonLines(file: string): AsyncGenerator<JsonLine> {
  for await (const { line, text } of lines(file)) {
    if (text.trim() === "") continue;
    const record = parseJson(text);
    if (record === undefined || !isMap(record)) throw new DataFileError(`${file}:${line}: ${reason(text, record)}`);
    yield { line, record };
  }
}

function reason(text: string, parsed: Value | undefined): string {
  if (text.trimStart().startsWith("["))
    return "begins a JSON array; write one JSON object a line, without brackets and commas around them";
  if (parsed !== undefined) return 'is no JSON object; write one a line, such as {"DeviceId":"a1"}';
  try {
    JSON.parse(text);
    return "is nested too deeply to be read";
  } catch (error) {
    return `is no JSON: ${error instanceof Error ? error.message : String(error)}; write one whole JSON object a line`;
  }
}

/** Only LF and CRLF end a line: JSON texts may contain U+2028. */
async function* lines(file: string): AsyncGenerator<{ readonly line: number; readonly text: string }> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  let parts: string[] = [];
  let length = 0;
  const hold = (part: string): void => {
    length += part.length;
    if (length > MAX_LINE)
      throw new DataFileError(`${file}:${line}: the line is longer than ${MAX_LINE} characters; write one row a line`);
    parts.push(part);
  };
  const decode = (bytes?: Uint8Array): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (error) {
      if (error instanceof TypeError)
        throw new DataFileError(`${file}: not UTF-8, at or after line ${line}; save the file as UTF-8`);
      throw error;
    }
  };
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    if (!(chunk instanceof Uint8Array)) continue;
    const text = decode(chunk);
    let start = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", start)) {
      hold(text.slice(start, end));
      yield { line, text: parts.join("") };
      [parts, length, start] = [[], 0, end + 1];
      line += 1;
    }
    hold(text.slice(start));
  }
  hold(decode());
  yield { line, text: parts.join("") };
}
