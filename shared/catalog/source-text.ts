export interface SourceText {
  /** Path, used in messages and for the pack's name. */
  readonly file: string;
  readonly text: string;
}
