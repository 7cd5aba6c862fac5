import { createHash } from "node:crypto";
import { packs } from "../../shared/catalog/generated/packs.ts";
import type { Detection } from "../../shared/core/pack.ts";

/** Tools that the fleet shows. */
const TOOLS = 20;

export interface FleetSighting {
  readonly detection: Detection;
  readonly deviceId: string;
}

/** Of each five sightings two are of one device: what else is known there is looked up. */
const deviceOf = (i: number): number => Math.floor((i * 4) / 5);

/** The i-th sighting of the fleet, the same in every process. */
export function fleetSighting(i: number): FleetSighting {
  const detection = packs[0]?.detections[i % TOOLS];
  if (!detection) throw new Error("no detection was built");
  return {
    detection,
    deviceId: createHash("sha1")
      .update(`device ${deviceOf(i)}`)
      .digest("hex"),
  };
}
