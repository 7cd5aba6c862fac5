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
    // The SDK may retry a transaction that had succeeded; the retry then conflicts with it. Reading again resolves that too.
    if (isConflict(status)) return { kind: "conflict" };
    if (status === 400 || status === 413) {
      const index = /^(\d+):/.exec(message)?.[1];
      return { kind: "refused", reason: firstLine(message), ...(index !== undefined && { index: Number(index) }) };
    }
    throw new StateError(
      `a transaction of ${actions.length} entities could not be written to the state: ${firstLine(message)}`,
      {
        cause: error,
      },
    );
  }
}

/** Another process wrote first: the entity exists (409), is gone (404) or has changed (412). */
const isConflict = (status: number | undefined): boolean => status === 409 || status === 404 || status === 412;

/** Creates an entity, or replaces the one with this etag. False when another process wrote first. */
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

/** The error as a `StateError`, with advice for a missing right. A `StateError` or `StateNewerError` is returned unchanged. */
export function asStateError(error: unknown, message: string): Error {
  if (error instanceof StateError || error instanceof StateNewerError) return error;
  const status = statusOf(error);
  const missing =
    status === 401 || status === 403 ? " (the identity needs Storage Table Data Contributor on the state account)" : "";
  return new StateError(`${message}${missing}`, { cause: error });
}

/** @throws {StateError} where the work fails; a {@link StateNewerError} is rethrown unchanged */
export async function asStateErrors<T>(message: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStateError(error, message);
  }
}

/** HTTP status of an SDK error; `undefined` where there was no response. */
export function statusOf(error: unknown): number | undefined {
  return typeof error === "object" && error !== null && "statusCode" in error && typeof error.statusCode === "number"
    ? error.statusCode
    : undefined;
}

/** The service appends request ids and times on further lines. */
const firstLine = (message: string): string => message.split("\n", 1)[0] ?? message;

/** Runs `work` for every item, `width` at once. Rejects with the first failure. */
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
