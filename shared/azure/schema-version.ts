import { StateNewerError } from "../errors.ts";

/** Version of every row that this code writes. An older row is read, and rewritten when it is touched. */
export const SCHEMA_VERSION = 1;

/** @throws {StateNewerError} for a row that a newer version wrote: this one must not touch it */
export function refuseNewer(entity: Readonly<Record<string, unknown>>, key: string): void {
  const version = entity["schemaVersion"];
  if (typeof version === "number" && version > SCHEMA_VERSION)
    throw new StateNewerError(
      `the state row ${key} has schema version ${version}, this version knows ${SCHEMA_VERSION}: deploy the newer version again`,
    );
}
