const DIGITS = /^\d+$/;
const DIGIT_ARRAY = /^\[\d+(?:,\d+)*\]$/;

/**
 * The ids in a JSON array as text, as they are written: numbers beyond 2^53 keep every digit. `undefined` where the text is
 * not such an array, or holds anything but numbers and strings.
 */
export function parseReportIds(text: string): string[] | undefined {
  // As the service writes them: half the time of the parser.
  if (DIGIT_ARRAY.test(text)) return text.slice(1, -1).split(",");
  let parsed: unknown;
  try {
    parsed = JSON.parse(text, numberAsWritten);
  } catch {
    return undefined;
  }
  return Array.isArray(parsed) && parsed.every((id) => typeof id === "string") ? parsed : undefined;
}

/** A number's own text, which JSON.parse hands to its reviver. */
const numberAsWritten = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" ? (context?.source ?? String(value)) : value;

/** Unique, numbers by size and then the rest by code unit: the same for any order of arrival. */
export function inOrder(ids: string[]): string[] {
  return isInOrder(ids) ? ids : [...new Set(ids)].toSorted(compare);
}

/** The usual case: one id, or a set that came sorted. */
function isInOrder(ids: readonly string[]): boolean {
  for (let i = 1; i < ids.length; i++) {
    if (ids[i - 1] === ids[i] || compare(ids[i - 1] ?? "", ids[i] ?? "") > 0) return false;
  }
  return true;
}

function compare(a: string, b: string): number {
  const aDigits = DIGITS.test(a);
  const bDigits = DIGITS.test(b);
  if (aDigits !== bDigits) return aDigits ? -1 : 1;
  if (aDigits) {
    const x = a.replace(/^0+(?=\d)/, "");
    const y = b.replace(/^0+(?=\d)/, "");
    if (x.length !== y.length) return x.length - y.length;
    if (x !== y) return x < y ? -1 : 1;
  }
  return a < b ? -1 : 1;
}
