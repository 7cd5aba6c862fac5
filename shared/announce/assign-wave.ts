import type { Evidence } from "../core/evidence.ts";
import { isNeutral } from "../core/evidence-actor.ts";
import type { Detection } from "../core/pack.ts";
import type { Wave } from "../core/wave.ts";
import { countAnnouncements } from "../core/wave.ts";
import type { Initiator } from "../core/wave-message.ts";
import { waveHeader } from "../core/wave-message.ts";
import { StateError } from "../errors.ts";
import type { AnnounceContext } from "./announce-context.ts";

/** Rounds of read, count and write. Design §4. */
const MAX_ATTEMPTS = 4;

/** What those who count do the counting by. */
export type WaveContext = Pick<AnnounceContext, "waves" | "workspace" | "runId" | "now" | "knownDevices">;

export interface AssignedWave {
  /** Absent: the sightings are told singly. */
  readonly wave?: Wave;
  readonly opened: boolean;
}

/**
 * Counts sightings that are about to be told, and says which wave they belong to. A wave that this opens has its header
 * committed with its row, before any member; who loses the race reads again and joins (R5).
 * @throws {StateError} after four rounds
 */
export async function assignWave(
  detection: Detection,
  n: number,
  evidence: readonly Evidence[],
  by: WaveContext,
): Promise<AssignedWave> {
  const { table, threshold } = by.waves;
  if (threshold === 0 || n === 0) return { opened: false };
  for (let round = 0; round < MAX_ATTEMPTS; round++) {
    const stored = await table.read(detection.id);
    const { state, wave, opens, total } = countAnnouncements(detection.id, stored.state, n, threshold, by.now);
    const knownDevices = by.knownDevices(detection.id);
    const header =
      wave && opens
        ? waveHeader({
            detection,
            wave,
            threshold,
            count: total,
            initiators: topInitiators(evidence),
            novelty: { firstInState: knownDevices === 0, knownDevices },
            workspace: by.workspace,
            runId: by.runId,
          })
        : undefined;
    const outcome = await table.write(detection.id, state, stored.etag, header, by.now);
    if (outcome.kind === "done") return { opened: opens, ...(wave && { wave }) };
    if (outcome.kind === "refused")
      throw new StateError(`the state refused the wave of detection ${detection.id}: ${outcome.reason}`);
  }
  throw new StateError(
    `the wave of detection ${detection.id} could not be counted in ${MAX_ATTEMPTS} rounds: other runs keep writing it; the next run tries again`,
  );
}

/**
 * Whose processes brought or started it, by the number of devices, most first. Of one installation the client, not the installer's
 * service; and not the service control manager, which starts everything.
 */
function topInitiators(evidence: readonly Evidence[]): readonly Initiator[] {
  const found = new Map<string, { readonly name: string; readonly signer?: string; devices: number }>();
  for (const { pieces } of evidence) {
    const here = new Map(
      pieces
        .filter((piece) => !isNeutral(piece))
        .map(({ actor, client }) => {
          const { fileName, certificate } = client ?? actor;
          const of = { name: fileName, ...(certificate && { signer: certificate.signer }) };
          return [JSON.stringify([fileName.toLowerCase(), certificate?.signer]), of];
        }),
    );
    for (const [key, of] of here) {
      const stored = found.get(key);
      if (stored) stored.devices += 1;
      else found.set(key, { ...of, devices: 1 });
    }
  }
  return [...found.values()].toSorted((a, b) => b.devices - a.devices || (a.name < b.name ? -1 : 1));
}
