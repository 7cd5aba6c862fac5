const DAY = 86_400_000;

/** Milliseconds of an ISO 8601 duration of days and smaller, such as `P7D` or `PT5M`; `undefined` for anything else. */
export function isoDuration(text: string | undefined): number | undefined {
  const parts = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text ?? "");
  if (parts === null || text === "P" || text?.endsWith("T") === true) return undefined;
  const [days, hours, minutes, seconds] = parts.slice(1).map((part: string | undefined) => Number(part ?? 0));
  return (days ?? 0) * DAY + (hours ?? 0) * 3_600_000 + (minutes ?? 0) * 60_000 + (seconds ?? 0) * 1000;
}
