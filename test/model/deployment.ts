import type { Approval } from "../../shared/core/approval.ts";
import type { Pack } from "../../shared/core/pack.ts";
import type { World } from "./world.ts";
import { DAY, DEPLOYER } from "./fixtures.ts";

/** Of a pack that evidence can be looked for with: the model answers without reading the queries. */
export const EVIDENCE: NonNullable<Pack["evidence"]> = { pieces: [], tasks: [], logons: [] };

/** Covers what the model's deployer brought to these devices. */
export const approvalOf = (world: World, names: readonly string[], change: Partial<Approval> = {}): Approval => ({
  id: "deployed",
  reason: "",
  owner: "",
  ticket: "",
  expires: world.date(100 * DAY),
  tools: ["level"],
  devices: { names },
  arrival: { signer: DEPLOYER.signer, microsoftRoot: true, paths: [DEPLOYER.path], accountSids: [DEPLOYER.sid] },
  ...change,
});

/** A device shows the tool, brought by the deployer, or by something else. */
export function deploy(world: World, device: string, at: number, path?: string): void {
  world.activities.push({ device, at, ingested: at });
  world.events.push({ device, at, ingested: at, kind: "arrival", ...(path !== undefined && { path }) });
}
