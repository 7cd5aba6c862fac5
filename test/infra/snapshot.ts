import { readFileSync } from "node:fs";

/** A resource as it would be deployed; what only Azure can tell, as a module's output, stays an expression in brackets. */
export interface Predicted {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly apiVersion: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

interface Snapshot {
  readonly predictedResources: readonly Predicted[];
  readonly diagnostics: readonly unknown[];
}

/** By parameter file: `main`, or the sample's name. Committed; `compiled.test.ts` holds them to the Bicep. */
const FILES = {
  production: "main",
  minimal: "samples/minimal",
  several: "samples/several-workspaces",
} as const;
export type SnapshotName = keyof typeof FILES;
export const SNAPSHOTS = ["production", "minimal", "several"] as const satisfies readonly SnapshotName[];

export const snapshot = (name: SnapshotName): Snapshot =>
  JSON.parse(readFileSync(new URL(`../../infra/${FILES[name]}.snapshot.json`, import.meta.url), "utf8"));

/** Resources of one type, in the order of deployment. */
export const resources = (name: SnapshotName, type: string): readonly Predicted[] =>
  snapshot(name).predictedResources.filter((resource) => resource.type === type);

/** The one resource of a type. */
export function only(name: SnapshotName, type: string): Predicted {
  const [first, ...others] = resources(name, type);
  if (first === undefined || others.length > 0) throw new Error(`${type}: ${first ? others.length + 1 : 0} in ${name}`);
  return first;
}

/** The accounts by what is in them, not by their names: which could have been swapped. */
export function account(name: SnapshotName, use: "host" | "state"): string {
  const type = use === "host" ? "blobServices/containers" : "tableServices/tables";
  const inside = resources(name, `Microsoft.Storage/storageAccounts/${type}`).map(({ id }) =>
    id.replace(/\/(?:blob|table)Services\/.*$/, ""),
  );
  const [found, ...others] = new Set(inside);
  if (found === undefined || others.length > 0) throw new Error(`no one account of the ${use} in ${name}`);
  return found;
}
