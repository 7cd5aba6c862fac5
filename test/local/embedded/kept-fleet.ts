import { existsSync, readFileSync, rmSync } from "node:fs";
import { z } from "zod";
import { grow, loadFleet, makeFleet, saveFleet } from "../fleet.ts";
import type { Fleet } from "../fleet/fleet-data.ts";
import type { StateFolder } from "./state-folder.ts";
import { writeWhole } from "./write-whole.ts";

/** The folder holds another fleet than was asked for. */
class OtherFleetError extends Error {
  override readonly name = "OtherFleetError";
}

/** Level, what is approved, and enough others to show that they are not told: among eight one comes late. */
const APPEARING = { level: 8, approved: 4, others: 8 };

export interface KeptFleet {
  readonly fleet: Fleet;
  /**
   * From here to `finish` devices appear once, whatever comes between: a start that goes on after one that was killed makes
   * none appear that the other had made appear already.
   */
  begin(): void;
  /** Lets the devices appear; `undefined` where they had. */
  appear(now: Date): { readonly devices: number; readonly level: number; readonly approved: number } | undefined;
  finish(): void;
}

export interface WantedFleet {
  /** Default: what the folder holds, else 200. */
  readonly devices?: number;
  /** Default: what the folder holds, else 1. */
  readonly seed?: number;
}

/**
 * The fleet of the folder, or a new one as of `now`; without a folder it is kept in memory.
 * @throws {OtherFleetError} where the folder holds one of other size or seed
 */
export function keepFleet(
  folder: Pick<StateFolder, "path" | "fleet" | "progress"> | undefined,
  { devices, seed }: WantedFleet,
  now: Date,
): KeptFleet {
  let fleet: Fleet;
  if (folder !== undefined && existsSync(folder.fleet)) {
    fleet = loadFleet(folder.fleet);
    if ((devices ?? fleet.size) !== fleet.size || (seed ?? fleet.seed) !== fleet.seed)
      throw new OtherFleetError(
        `${folder.path} holds a fleet of --devices ${fleet.size} --seed ${fleet.seed}: leave these options out, or choose another --state`,
      );
  } else {
    fleet = makeFleet({ devices: devices ?? 200, seed: seed ?? 1, now });
    if (folder !== undefined) saveFleet(fleet, folder.fleet);
  }
  let sizeAtBegin = fleet.devices.length;
  return {
    get fleet() {
      return fleet;
    },
    begin() {
      if (folder === undefined) return;
      const begun = readProgress(folder.progress);
      if (begun === undefined) writeWhole(folder.progress, `${JSON.stringify({ devices: sizeAtBegin })}\n`);
      else sizeAtBegin = begun;
    },
    appear(when) {
      if (fleet.devices.length > sizeAtBegin) return undefined;
      fleet = grow(fleet, { ...APPEARING, now: when });
      if (folder !== undefined) saveFleet(fleet, folder.fleet);
      const { level, approved, others } = APPEARING;
      return { devices: level + approved + others, level, approved };
    },
    finish() {
      if (folder !== undefined) rmSync(folder.progress, { force: true });
    },
  };
}

const Progress = z.object({ devices: z.int() });

function readProgress(file: string): number | undefined {
  return existsSync(file) ? Progress.parse(JSON.parse(readFileSync(file, "utf8"))).devices : undefined;
}
