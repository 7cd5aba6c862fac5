import type { TableClient, TableEntity, TransactionAction } from "@azure/data-tables";
import type { WriteOutcome } from "../core/stores/write-outcome.ts";
import { StateError, StateNewerError } from "../errors.ts";

/**
 * Submits 1 to 100 actions of one partition.
 * @throws {StateError} for every status that is neither a conflict nor a refusal, after the SDK's own retries
 */
export async function submit(
  table: Pick<TableClient, "submitTransaction">,
  actions: TransactionAction[],
): Promise<WriteOutcome> {
  try {
    await table.submitTransaction(actions);
    return { kind: "done" };
  } catch (error) {
    const status = statusOf(error);
    const message = error instanceof Error ? error.message : String(error);
    // A retried transaction that had gone through the first time conflicts with itself: reading again settles that too.
    if (isConflict(status)) return { kind: "conflict" };
    if (status === 400 || status === 413) {
      const index = /^(\d+):/.exec(message)?.[1];
      return { kind: "refused", reason: firstLine(message), ...(index !== undefined && { index: Number(index) }) };
    }
    throw new StateError(`the state did not take a transaction of ${actions.length} entities: ${firstLine(message)}`, {
      cause: error,
    });
  }
}

/** Somebody else wrote first: it exists, it is gone, or it is another by now. */
const isConflict = (status: number | undefined): boolean => status === 409 || status === 404 || status === 412;

/** Makes an entity, or replaces the one that still has this etag. False when somebody else was first. */
export async function writeIfUnchanged(
  table: Pick<TableClient, "createEntity" | "updateEntity">,
  entity: TableEntity<object>,
  etag: string | undefined,
): Promise<boolean> {
  try {
    if (etag === undefined) await table.createEntity(entity);
    else await table.updateEntity(entity, "Replace", { etag });
    return true;
  } catch (error) {
    if (isConflict(statusOf(error))) return false;
    throw error;
  }
}

/** A failure in the state's words, with what to do about a missing right. What is in them already stays as it is. */
export function asStateError(error: unknown, what: string): Error {
  if (error instanceof StateError || error instanceof StateNewerError) return error;
  const status = statusOf(error);
  const missing =
    status === 401 || status === 403 ? " (the identity needs Storage Table Data Contributor on the state account)" : "";
  return new StateError(`${what}${missing}`, { cause: error });
}

/** @throws {StateError} where the work fails; {@link StateNewerError} as it is */
export async function asStateErrors<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStateError(error, what);
  }
}

/** HTTP status of an SDK error, `undefined` where there was no answer. */
export function statusOf(error: unknown): number | undefined {
  return typeof error === "object" && error !== null && "statusCode" in error && typeof error.statusCode === "number"
    ? error.statusCode
    : undefined;
}

/** The service appends request ids and times on further lines. */
const firstLine = (message: string): string => message.split("\n", 1)[0] ?? message;

/** Works on every item, `width` at once; rejects with the first failure. */
export async function forEachConcurrent<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}
