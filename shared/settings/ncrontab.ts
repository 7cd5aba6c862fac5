interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly words?: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/** NCRONTAB as Azure Functions reads it; source: "NCRONTAB expressions", timer trigger of Azure Functions. */
const FIELDS: readonly Field[] = [
  { name: "second", least: 0, most: 59 },
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day", least: 1, most: 31 },
  { name: "month", least: 1, most: 12, words: MONTHS },
  { name: "day of week", least: 0, most: 6, words: DAYS },
];

/** What is wrong with a schedule of six fields, or `undefined`. A field: `*`, a value, a range, a list of them, each with `/step`. */
export function ncrontabProblem(text: string): string | undefined {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== FIELDS.length)
    return `has ${parts.length} fields, not the six of NCRONTAB (second minute hour day month day-of-week)`;
  const bad = FIELDS.filter((field, i) => !(parts[i] ?? "").split(",").every((item) => isItem(item, field)));
  if (bad.length === 0) return undefined;
  return bad.map(({ name, least, most }) => `${name} has to be *, or values of ${least} to ${most}`).join(", ");
}

function isItem(item: string, field: Field): boolean {
  const [, from, to, step] = /^(\*|[a-z]+|\d+)(?:-([a-z]+|\d+))?(?:\/(\d+))?$/i.exec(item) ?? [];
  if (from === undefined || (step !== undefined && !(Number(step) >= 1 && Number(step) <= field.most))) return false;
  if (from === "*") return to === undefined;
  const first = valueOf(from, field);
  const last = to === undefined ? first : valueOf(to, field);
  return first !== undefined && last !== undefined && first <= last;
}

function valueOf(text: string, { least, most, words = [] }: Field): number | undefined {
  const word = words.indexOf(text.toLowerCase());
  const value = word >= 0 ? word + least : /^\d+$/.test(text) ? Number(text) : NaN;
  return value >= least && value <= most ? value : undefined;
}
