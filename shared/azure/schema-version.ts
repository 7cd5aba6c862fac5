import { StateNewerError } from "../errors.ts";

/** Schema version of every row that this code writes. An older row is read, and rewritten when it changes. */
export const SCHEMA_VERSION = 1;

/** @throws {StateNewerError} for a row that a newer version wrote: this version must not change it */
export function refuseNewer(entity: Readonly<Record<string, unknown>>, key: string): void {
  const version = entity["schemaVersion"];
  if (typeof version === "number" && version > SCHEMA_VERSION)
    throw new StateNewerError(
      `the state row ${key} has schema version ${version}, this version knows ${SCHEMA_VERSION}: deploy the newer version again`,
    );
}
