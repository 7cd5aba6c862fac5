import { InvalidArgumentError } from "commander";

/**
 * Parses an option's time, ISO 8601.
 * @throws {InvalidArgumentError} usage
 */
export function isoTime(text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError("wants a time such as 2026-03-01T12:00:00Z");
  return time;
}
