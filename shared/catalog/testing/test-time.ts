import { inRange, parseDatetime, parseTimespan } from "../../kql/datetime.ts";

const RELATIVE = /^now(?:[+-](?:\d+(?:\.\d+)?(?:d|h|m|s|ms|tick))+)*$/;

/** The accepted forms of a time, for messages. */
export const TIME_FORMS = "2026-03-01T12:00:00Z, now, now-5d, now-1h30m or now+1tick (units d, h, m, s, ms, tick)";

/** Ticks of a test's time: ISO 8601, or relative to `now` (in ticks). `undefined` for anything else, or outside the years 1 to 9999. */
export function testTime(text: string, nowTicks: bigint): bigint | undefined {
  if (!RELATIVE.test(text)) return parseDatetime(text);
  let ticks = nowTicks;
  for (const [, sign, terms = ""] of text.matchAll(/([+-])([^+-]+)/g))
    for (const [term] of terms.matchAll(/[\d.]+[a-z]+/g)) {
      const span = parseTimespan(term) ?? 0n;
      ticks += sign === "-" ? -span : span;
    }
  return inRange(ticks) ?? undefined;
}
