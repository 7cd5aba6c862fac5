import { InvalidArgumentError } from "commander";

import { parseDatetime } from "../kql/datetime.ts";

const TICKS_PER_MILLISECOND = 10_000n;
/** 0001-01-01 to 1970-01-01. */
const EPOCH_MILLISECONDS = 62_135_596_800_000;

/**
 * Parses an instant in KQL's form, UTC where there is no offset; cut to milliseconds.
 * @throws {InvalidArgumentError} usage
 */
export function instant(text: string): Date {
  const ticks = parseDatetime(text);
  if (ticks === undefined) throw new InvalidArgumentError("Write a time such as 2026-03-01T12:00:00Z.");
  return new Date(Number(ticks / TICKS_PER_MILLISECOND) - EPOCH_MILLISECONDS);
}
