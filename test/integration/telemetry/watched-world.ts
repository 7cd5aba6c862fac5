import type { Approval } from "../../../shared/core/approval.ts";
import type { Pack } from "../../../shared/core/pack.ts";
import { DEPLOYER, HOUR, LEVEL, detection, packOf } from "../../model/fixtures.ts";
import { World } from "../../model/world.ts";
import type { Trace } from "./app-traces.ts";
import { appTraces } from "./app-traces.ts";

export const MINUTE = 60_000;

/** A device id for each number, over all partitions. */
export const device = (n: number): string => `${(n % 16).toString(16)}${String(n).padStart(39, "0")}`;

/** Only that it is there matters: the model's source makes the answers. */
const evidence: NonNullable<Pack["evidence"]> = { pieces: [], tasks: [], logons: [] };

/** The model, with the service's own logger, whose lines lie in AppTraces. */
export interface WatchedWorld {
  readonly world: World;
  readonly traces: readonly Trace[];
}

/** An hour has passed, and nothing has run yet. */
export function watchedWorld(): WatchedWorld {
  const world = new World();
  const { logger, traces } = appTraces(() => world.date());
  world.logger = logger;
  world.packs = [packOf([detection(LEVEL)], { name: "catalogue", evidence })];
  world.now = HOUR;
  return { world, traces };
}

/** Runs a quarter of an hour apart; the clock stays at the last one. */
export async function runs(world: World, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    world.now += 15 * MINUTE;
    await world.run();
  }
}

/** A device shows a tool now, brought by the deployer, whom an approval may cover, or by another program. */
export function appear(
  world: World,
  n: number,
  by: { readonly path?: string; readonly detection?: string } = {},
): void {
  const of = { device: device(n), at: world.now, ingested: world.now };
  world.activities.push({ ...of, ...(by.detection !== undefined && { detection: by.detection }) });
  world.events.push({ ...of, kind: "arrival", ...by });
}

/** Covers what the deployer brings to the devices. */
export const approval = (world: World, expires: number, devices: readonly number[]): Approval => ({
  id: "deployed",
  reason: "rolled out",
  owner: "desk@example.com",
  ticket: "CHG-1",
  expires: world.date(expires),
  tools: ["level"],
  devices: { names: devices.map((n) => `host-${device(n).slice(0, 6)}`) },
  arrival: { signer: DEPLOYER.signer, microsoftRoot: true, paths: [DEPLOYER.path], accountSids: [DEPLOYER.sid] },
});
