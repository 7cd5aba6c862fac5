/** Datetimes and timespans: ticks of 100 ns, bigint. */

const TICKS_PER_MS = 10_000n;
const TICKS_PER_DAY = 864_000_000_000n;
/** Ticks from 0001-01-01 to 1970-01-01. */
const EPOCH = 621_355_968_000_000_000n;
/** 9999-12-31T23:59:59.9999999Z, the largest datetime of the service. */
const MAX_TICKS = 3_155_378_975_999_999_999n;

export const ticksOfDate = (date: Date): bigint => BigInt(date.getTime()) * TICKS_PER_MS + EPOCH;

/** The date of ticks, cut to milliseconds. */
export const dateOfTicks = (ticks: bigint): Date => new Date(Number((ticks - EPOCH) / TICKS_PER_MS));

/** The ticks, or null outside the range of a datetime (years 1 to 9999). */
export const inRange = (ticks: bigint): bigint | null => (ticks < 0n || ticks > MAX_TICKS ? null : ticks);

/** ISO 8601, UTC, seven fractional digits: `2026-01-02T03:04:05.6789012Z`. */
export function formatDatetime(ticks: bigint): string {
  const fraction = ticks % 10_000_000n;
  const seconds = new Date(Number((ticks - fraction - EPOCH) / TICKS_PER_MS)).toISOString().slice(0, 19);
  return `${seconds}.${fraction.toString().padStart(7, "0")}Z`;
}

const DATETIME =
  /^(\d{4})-(\d{1,2})(?:-(\d{1,2}))?(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** `2/17/2016`, `2/17/2016 08:40:01 PM`: month first, as the service writes and reads it. */
const MONTH_FIRST =
  /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?(?:\s*([AP])M)?)?$/i;

/** Rewrites that form in ISO 8601; any other text stays as it is. */
function monthFirstAsIso(text: string): string {
  const found = MONTH_FIRST.exec(text);
  if (found === null) return text;
  const [, month, day, year, hour = "0", minute = "00", second = "00", fraction = "0", half] = found;
  const twelve = half === undefined ? Number(hour) : (Number(hour) % 12) + (half.toUpperCase() === "P" ? 12 : 0);
  return `${year}-${month}-${day} ${twelve}:${minute}:${second}.${fraction}`;
}

/**
 * Parses ISO 8601 with or without time, fraction and offset, or month first with slashes; UTC where there is no offset. `undefined`
 * for anything else.
 */
export function parseDatetime(text: string): bigint | undefined {
  const found = DATETIME.exec(monthFirstAsIso(text.trim()));
  if (found === null) return undefined;
  const [year, month, day, hour, minute, second] = [
    found[1],
    found[2],
    found[3] ?? "1",
    found[4] ?? "0",
    found[5] ?? "0",
    found[6] ?? "0",
  ].map(Number);
  if (
    year === undefined ||
    month === undefined ||
    day === undefined ||
    hour === undefined ||
    minute === undefined ||
    second === undefined
  )
    return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  // A date that rolled over (31 February, 25 o'clock) was not valid.
  if (
    date.getUTCMonth() !== month - 1 ||
    date.getUTCDate() !== day ||
    date.getUTCHours() !== hour ||
    minute > 59 ||
    second > 59
  )
    return undefined;
  const fraction = BigInt((found[7] ?? "").slice(0, 7).padEnd(7, "0"));
  return ticksOfDate(date) + fraction - offsetTicks(found[8]);
}

function offsetTicks(offset: string | undefined): bigint {
  if (offset === undefined || offset.toUpperCase() === "Z") return 0n;
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(-2));
  return BigInt(offset.startsWith("-") ? -minutes : minutes) * 600_000_000n;
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ["d", 864e9],
  ["day", 864e9],
  ["days", 864e9],
  ["h", 36e9],
  ["hr", 36e9],
  ["hrs", 36e9],
  ["hour", 36e9],
  ["hours", 36e9],
  ["m", 6e8],
  ["min", 6e8],
  ["minute", 6e8],
  ["minutes", 6e8],
  ["s", 1e7],
  ["sec", 1e7],
  ["second", 1e7],
  ["seconds", 1e7],
  ["ms", 1e4],
  ["milli", 1e4],
  ["millis", 1e4],
  ["millisecond", 1e4],
  ["milliseconds", 1e4],
  ["micro", 10],
  ["micros", 10],
  ["microsecond", 10],
  ["microseconds", 10],
  ["tick", 1],
  ["ticks", 1],
]);

/** Parses `5d`, `1.5h`, `100ms`, `1.02:03:04.5`, `02:03`, or a whole number of days. `undefined` for anything else. */
export function parseTimespan(text: string): bigint | undefined {
  const trimmed = text.trim();
  const short = /^(-?\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(trimmed);
  if (short !== null) {
    const unit = UNITS.get((short[2] ?? "").toLowerCase());
    return unit === undefined ? undefined : BigInt(Math.round(Number(short[1]) * unit));
  }
  if (/^-?\d+$/.test(trimmed)) return BigInt(trimmed) * TICKS_PER_DAY;
  const long = /^(-?)(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?$/.exec(trimmed);
  if (long === null) return undefined;
  const seconds =
    BigInt(long[2] ?? 0) * 86_400n + BigInt(long[3] ?? 0) * 3600n + BigInt(long[4] ?? 0) * 60n + BigInt(long[5] ?? 0);
  const ticks = seconds * 10_000_000n + BigInt((long[6] ?? "").padEnd(7, "0"));
  return long[1] === "-" ? -ticks : ticks;
}

const two = (value: bigint): string => value.toString().padStart(2, "0");

/** Formats as `1.02:03:04.5000000`; day and fraction only where they are not 0. */
export function formatTimespan(ticks: bigint): string {
  const size = ticks < 0n ? -ticks : ticks;
  const days = size / TICKS_PER_DAY;
  const fraction = size % 10_000_000n;
  const seconds = (size / 10_000_000n) % 86_400n;
  const time = `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}`;
  return `${ticks < 0n ? "-" : ""}${days > 0n ? `${days}.` : ""}${time}${fraction > 0n ? `.${fraction.toString().padStart(7, "0")}` : ""}`;
}

/** Largest multiple of the step that is at most the value; none for a step of 0 or less. */
export function floorTicks(ticks: bigint, step: bigint): bigint | null {
  if (step <= 0n) return null;
  const rest = ticks % step;
  return ticks - (rest < 0n ? rest + step : rest);
}
