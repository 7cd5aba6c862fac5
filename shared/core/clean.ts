/** What a text from a device may not carry into a ticket: control and format characters (bidi overrides, zero width), separators of lines. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

export interface Cleaned {
  readonly text: string;
  /** It was longer than it may be. */
  readonly cut: boolean;
}

/** A text from a device, bounded to `length` code points and without characters that could bend what shows it. */
export function clean(text: string, length: number): Cleaned {
  // Far beyond the bound nothing is looked at: a hostile name may be megabytes.
  const head = text.slice(0, length * 4);
  const points = Array.from(head.replace(UNSAFE, "").trim());
  return { text: points.slice(0, length).join(""), cut: points.length > length || text.length > head.length };
}
