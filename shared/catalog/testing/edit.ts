/** A part of a text and what takes its place. Offsets in the text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** What is changed, as the query writes it, and what it becomes. */
  readonly from: string;
  readonly to: string;
}
