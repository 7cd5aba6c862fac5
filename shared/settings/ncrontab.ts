interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** NCRONTAB as Azure Functions reads it; source: "NCRONTAB expressions", timer trigger of Azure Functions. */
const FIELDS: readonly Field[] = [
  { name: "second", least: 0, most: 59 },
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day", least: 1, most: 31 },
  { name: "month", least: 1, most: 12, names: MONTHS },
  { name: "day of week", least: 0, most: 6, names: DAYS },
];

/** Days that a schedule is searched ahead: a 29 February across a year like 2100 is the longest wait there is. */
const DAYS_AHEAD = 366 * 8 + 2;
const DAY = 86_400_000;

/** The problem of a schedule of six fields, or `undefined`. A field: `*`, a value, a range, a list of them, each with `/step`. */
export function ncrontabProblem(text: string): string | undefined {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== FIELDS.length)
    return `has ${parts.length} fields, not the six of NCRONTAB (second minute hour day month day-of-week)`;
  const bad = FIELDS.filter((field, i) => !(parts[i] ?? "").split(",").every((item) => isItem(item, field)));
  if (bad.length === 0) return undefined;
  return bad.map(({ name, least, most }) => `${name} has to be *, or values of ${least} to ${most}`).join(", ");
}

/**
 * The first instant after `after` at which a schedule fires, UTC, whole seconds; `undefined` for a date that never comes. All six
 * fields have to match. `schedule` is one in which `ncrontabProblem` finds nothing.
 */
export function nextTime(schedule: string, after: Date): Date | undefined {
  const parts = schedule.trim().split(/\s+/);
  const sets = FIELDS.map((field, i) => valuesOf(parts[i] ?? "", field));
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

/** Every value that a valid field names, ascending. `a/s` goes from a to the field's end, as `a-most/s` does. */
function valuesOf(text: string, field: Field): readonly number[] {
  const values = new Set<number>();
  for (const item of text.split(",")) {
    const [range = "", step] = item.split("/");
    const [from = "", to] = range.split("-");
    const first = from === "*" ? field.least : (valueOf(from, field) ?? NaN);
    const last =
      to !== undefined ? (valueOf(to, field) ?? NaN) : from === "*" || step !== undefined ? field.most : first;
    for (let value = first; value <= last; value += Number(step ?? 1)) values.add(value);
  }
  return [...values].toSorted((a, b) => a - b);
}

function isItem(item: string, field: Field): boolean {
  const [, from, to, step] = /^(\*|[a-z]+|\d+)(?:-([a-z]+|\d+))?(?:\/(\d+))?$/i.exec(item) ?? [];
  if (from === undefined || (step !== undefined && !(Number(step) >= 1 && Number(step) <= field.most))) return false;
  if (from === "*") return to === undefined;
  const first = valueOf(from, field);
  const last = to === undefined ? first : valueOf(to, field);
  return first !== undefined && last !== undefined && first <= last;
}

function valueOf(text: string, { least, most, names = [] }: Field): number | undefined {
  const index = names.indexOf(text.toLowerCase());
  const value = index >= 0 ? index + least : /^\d+$/.test(text) ? Number(text) : NaN;
  return value >= least && value <= most ? value : undefined;
}
