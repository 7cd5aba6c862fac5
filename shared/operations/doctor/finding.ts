/**
 * `wrong`: the promise does not hold until it is mended. `advice`: it holds, and something is given up. `unseen`: it could not be
 * looked at, for want of a right or of an address; nothing is said about it.
 */
export type FindingStatus = "ok" | "advice" | "unseen" | "wrong";

/** One line of the doctor's. */
export interface Finding {
  /** What was looked at: `workspace soc: DeviceFileEvents, plan`. */
  readonly about: string;
  readonly status: FindingStatus;
  readonly found: string;
  /** What to do; absent where there is nothing to do. */
  readonly todo?: string;
}

/** What came of asking a service about one thing. */
export type Reading<T> =
  | { readonly kind: "read"; readonly value: T }
  /** The service answers that there is no such thing. */
  | { readonly kind: "missing" }
  /** The caller may not read it: no fault of the service's own identity. */
  | { readonly kind: "denied"; readonly reason: string }
  /** The caller has no token: nobody was asked. */
  | { readonly kind: "no-login"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string }
  /** Nobody said where it is. */
  | { readonly kind: "no-address"; readonly reason: string };

export const SIGN_IN = "sign in with az login, and ask again";

/** The line for what could not be read; `undefined` where it was read, or is not there. */
export function unread(about: string, reading: Reading<unknown>, todo: string): Finding | undefined {
  if (reading.kind === "read" || reading.kind === "missing") return undefined;
  const { kind, reason } = reading;
  if (kind === "no-address") return { about, status: "unseen", found: "not looked at", todo: reason };
  if (kind === "no-login") return { about, status: "unseen", found: reason, todo: SIGN_IN };
  return kind === "denied"
    ? { about, status: "unseen", found: `you may not read it: ${reason}`, todo }
    : { about, status: "unseen", found: `it could not be read: ${reason}`, todo: "ask again" };
}
