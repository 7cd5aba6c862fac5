import type { Position } from "./position.ts";

/** A diagnostic of the language service. `code` is its own: KS142 unknown column, KS204 unknown table, KS005/KS006 syntax … */
export interface Problem extends Position {
  readonly code: string;
  readonly message: string;
  readonly length: number;
  readonly severity: "error" | "warning" | "suggestion" | "information";
  /** `syntax`: the text can't be parsed. `semantic`: names or types do not fit. */
  readonly kind: "syntax" | "semantic";
  /** Offset in the text, UTF-16 units. */
  readonly offset: number;
}
