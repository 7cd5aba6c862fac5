export interface SourceText {
  /** Path, for messages and for the pack's name. */
  readonly file: string;
  readonly text: string;
}
