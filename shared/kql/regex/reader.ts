import { PatternError } from "./pattern-error.ts";

/** Reads a pattern from left to right. */
export class Reader {
  readonly pattern: string;
  at = 0;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  get done(): boolean {
    return this.at >= this.pattern.length;
  }

  /** The next character (code point), without consuming it; `""` at the end. */
  peek(): string {
    const code = this.pattern.codePointAt(this.at);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  take(): string {
    const next = this.peek();
    this.at += next.length;
    return next;
  }

  /** Consumes the text if it comes next. */
  skip(text: string): boolean {
    if (!this.pattern.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** Consumes a match at this position. The expression must be sticky. */
  match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.pattern);
    if (found !== null) this.at += found[0].length;
    return found;
  }

  refuse(problem: string, at = this.at): never {
    throw new PatternError(this.pattern, at, problem);
  }
}
