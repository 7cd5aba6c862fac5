import type { Reader } from "./reader.ts";

/** Flags in effect at a position of the pattern. */
export interface Flags {
  readonly ignoreCase: boolean;
  readonly multiLine: boolean;
  /** `.` matches a line feed too. */
  readonly dotAll: boolean;
  readonly lazy: boolean;
  readonly verbose: boolean;
  /** Classes such as `\w` have their Unicode meaning. */
  readonly unicode: boolean;
}

export const NO_FLAGS: Flags = {
  ignoreCase: false,
  multiLine: false,
  dotAll: false,
  lazy: false,
  verbose: false,
  unicode: true,
};

const BY_LETTER: ReadonlyMap<string, keyof Flags> = new Map([
  ["i", "ignoreCase"],
  ["m", "multiLine"],
  ["s", "dotAll"],
  ["U", "lazy"],
  ["x", "verbose"],
  ["u", "unicode"],
]);

/** Applies a text such as `im-s` to the flags in effect. */
export function withFlags(letters: string, flags: Flags, reader: Reader, at: number): Flags {
  let on = true;
  const found = { ...flags };
  for (const letter of letters) {
    const name = BY_LETTER.get(letter);
    if (letter === "-") on = false;
    else if (name === undefined) reader.refuse(`the flag ${letter} is not supported; i, m, s, U, x and u are`, at);
    else found[name] = on;
  }
  return found;
}
