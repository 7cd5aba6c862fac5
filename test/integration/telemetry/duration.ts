const UNITS = { D: 86_400_000, H: 3_600_000, M: 60_000 } as const;

/** Milliseconds of an ISO 8601 duration of one unit, as alerts have them: `P2D`, `PT3H`, `PT15M`. @throws {Error} any other */
export function milliseconds(duration: string): number {
  const [, days, count, unit] = /^P(?:(\d+)D|T(\d+)([HM]))$/.exec(duration) ?? [];
  if (days !== undefined) return Number(days) * UNITS.D;
  if (count !== undefined && (unit === "H" || unit === "M")) return Number(count) * UNITS[unit];
  throw new Error(`${duration} is no duration of days, hours or minutes, such as PT15M`);
}
