/** Characters that are removed from a device's text: control and format characters (bidi overrides, zero width), line separators. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

export interface Cleaned {
  readonly text: string;
  /** The text was longer than the bound. */
  readonly cut: boolean;
}

/** A text from a device, cut to `length` code points, without characters that could change how a ticket is displayed. */
export function clean(text: string, length: number): Cleaned {
  // Only the beginning is processed: a hostile name may be megabytes long.
  const head = text.slice(0, length * 4);
  const points = Array.from(head.replace(UNSAFE, "").trim());
  return { text: points.slice(0, length).join(""), cut: points.length > length || text.length > head.length };
}
