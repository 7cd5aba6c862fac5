/**
 * The outcome of one transaction: all of it was written, or nothing. `conflict`: another run wrote first (409, 404, 412). `refused`:
 * the service refuses an entity (400, 413); `index` is the position of that entity, where the service names it.
 */
export type WriteOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "conflict" }
  | { readonly kind: "refused"; readonly index?: number; readonly reason: string };

/** Entities in one transaction. Limit of Table Storage. */
export const MAX_ENTITIES = 100;

/**
 * Raw bytes of binary properties in one transaction. The service's limit of 4 MiB counts the encoded request: base64 makes four bytes
 * of three, and the other properties and the envelope need room.
 */
export const MAX_BINARY_BYTES = 2_800_000;

/** Attempts to read, decide and write one transaction before its unit fails. */
export const MAX_ATTEMPTS = 4;
