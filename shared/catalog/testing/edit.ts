/** Replaces a part of a text. Offsets in the text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** The changed part as the query writes it, and its replacement, for the description. */
  readonly from: string;
  readonly to: string;
}
