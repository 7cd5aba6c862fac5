const MS = { D: 86_400_000, H: 3_600_000, M: 60_000, S: 1000, W: 604_800_000 } as const;

/**
 * Parses the query API's `timespan`: `from/to`, `from/duration`, `duration/to`, or a duration up to now. `undefined` where it is
 * empty or absent: no limit. Durations are in weeks, days, hours, minutes, seconds.
 * @throws {RangeError} for any other form
 */
export function parseTimespan(
  text: string | undefined,
  now: Date,
): { readonly from: Date; readonly to: Date } | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const [first = "", second] = text.trim().split("/");
  if (second === undefined) return { from: new Date(now.getTime() - duration(first)), to: now };
  if (first.startsWith("P")) {
    const to = instant(second);
    return { from: new Date(to.getTime() - duration(first)), to };
  }
  const from = instant(first);
  return { from, to: second.startsWith("P") ? new Date(from.getTime() + duration(second)) : instant(second) };
}

function duration(text: string): number {
  const found =
    /^P(?:(\d+)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(
      text,
    );
  if (found === null || found.slice(1).every((part) => part === undefined))
    throw new RangeError(`timespan: ${text} is no duration`);
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = found.slice(1).map((part) => Number(part ?? 0));
  return weeks * MS.W + days * MS.D + hours * MS.H + minutes * MS.M + seconds * MS.S;
}

function instant(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new RangeError(`timespan: ${text} is no time`);
  return date;
}
