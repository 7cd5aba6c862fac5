/**
 * `wrong`: the promise does not hold until this is fixed. `advice`: it holds, with a disadvantage. `unseen`: not checked, because a
 * right or an address is missing.
 */
export type FindingStatus = "ok" | "advice" | "unseen" | "wrong";

/** One line of the doctor's output. */
export interface Finding {
  /** The subject: `workspace soc: DeviceFileEvents, plan`. */
  readonly about: string;
  readonly status: FindingStatus;
  readonly found: string;
  /** The step that the operator has to take; absent where there is nothing to do. */
  readonly todo?: string;
}

/** Outcome of probing one thing. */
export type Reading<T> =
  | { readonly kind: "read"; readonly value: T }
  /** The service answers that it does not exist. */
  | { readonly kind: "missing" }
  /** The caller may not read it; the service's own identity may still be allowed to. */
  | { readonly kind: "denied"; readonly reason: string }
  /** The caller has no token, so no request was sent. */
  | { readonly kind: "no-login"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string }
  /** Its address was not given. */
  | { readonly kind: "no-address"; readonly reason: string };

export const SIGN_IN = "sign in with az login, and ask again";

/** The finding for a reading that failed; `undefined` where it was read or does not exist. */
export function unread(about: string, reading: Reading<unknown>, todo: string): Finding | undefined {
  if (reading.kind === "read" || reading.kind === "missing") return undefined;
  const { kind, reason } = reading;
  if (kind === "no-address") return { about, status: "unseen", found: "not looked at", todo: reason };
  if (kind === "no-login") return { about, status: "unseen", found: reason, todo: SIGN_IN };
  return kind === "denied"
    ? { about, status: "unseen", found: `you may not read it: ${reason}`, todo }
    : { about, status: "unseen", found: `it could not be read: ${reason}`, todo: "ask again" };
}
