const LONGEST = 80;

/** A regular expression that Kusto does not accept. */
export class PatternError extends Error {
  override readonly name = "PatternError";
  /** `at`: offset in the pattern, UTF-16 units. */
  constructor(pattern: string, at: number | undefined, problem: string, options?: ErrorOptions) {
    const shown = pattern.length > LONGEST ? `${pattern.slice(0, LONGEST)}…` : pattern;
    super(
      `the regular expression ${JSON.stringify(shown)} is refused${at === undefined ? "" : ` at its character ${at + 1}`}: ${problem}`,
      options,
    );
  }
}
