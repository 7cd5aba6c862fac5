/** Fields of NCRONTAB in their order: least, most, and words that stand for values from the least on. */
const FIELDS: readonly { readonly least: number; readonly most: number; readonly words?: readonly string[] }[] = [
  { least: 0, most: 59 },
  { least: 0, most: 59 },
  { least: 0, most: 23 },
  { least: 1, most: 31 },
  {
    least: 1,
    most: 12,
    words: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
  },
  { least: 0, most: 6, words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

/** The longest that a date can let wait: a 29 February across a year like 2100. */
const DAYS_AHEAD = 366 * 8 + 2;
const DAY = 86_400_000;

/**
 * The first instant after `after` that a schedule names, UTC, whole seconds; `undefined` for a date that never comes. All six
 * fields have to fit. `schedule` is one that `scheduleProblem` finds nothing wrong with.
 */
export function nextTime(schedule: string, after: Date): Date | undefined {
  const sets = schedule
    .trim()
    .split(/\s+/)
    .map((text, index) => valuesOf(text, FIELDS[index] ?? { least: 0, most: 0 }));
  const [seconds = [], minutes = [], hours = [], days = [], months = [], weekdays = []] = sets;
  const midnight = Math.floor(after.getTime() / DAY) * DAY;
  for (let day = 0; day <= DAYS_AHEAD; day += 1) {
    const date = new Date(midnight + day * DAY);
    if (!months.includes(date.getUTCMonth() + 1) || !days.includes(date.getUTCDate())) continue;
    if (!weekdays.includes(date.getUTCDay())) continue;
    for (const hour of hours)
      for (const minute of minutes)
        for (const second of seconds) {
          const at = date.getTime() + ((hour * 60 + minute) * 60 + second) * 1_000;
          if (at > after.getTime()) return new Date(at);
        }
  }
  return undefined;
}

/** Ascending. `a/s` goes from a to the field's end, as `a-most/s` does. */
function valuesOf(text: string, field: (typeof FIELDS)[number]): readonly number[] {
  const values = new Set<number>();
  for (const item of text.split(",")) {
    const [range = "", step] = item.split("/");
    const [from = "", to] = range.split("-");
    const first = from === "*" ? field.least : valueOf(from, field);
    const last = to === undefined ? (from === "*" || step !== undefined ? field.most : first) : valueOf(to, field);
    for (let value = first; value <= last; value += Number(step ?? 1)) values.add(value);
  }
  return [...values].toSorted((a, b) => a - b);
}

function valueOf(text: string, { least, words = [] }: (typeof FIELDS)[number]): number {
  const word = words.indexOf(text.toLowerCase());
  return word >= 0 ? word + least : Number(text);
}
