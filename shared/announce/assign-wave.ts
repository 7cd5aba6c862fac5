import type { Evidence } from "../core/evidence.ts";
import { isNeutral } from "../core/evidence-actor.ts";
import type { Detection } from "../core/pack.ts";
import type { OutboxMessage } from "../core/sighting.ts";
import { MAX_ATTEMPTS } from "../core/stores/write-outcome.ts";
import type { Counted, Wave } from "../core/wave.ts";
import { countAnnouncements } from "../core/wave.ts";
import type { Initiator } from "../core/wave-message.ts";
import { waveHeader } from "../core/wave-message.ts";
import { StateError } from "../errors.ts";
import type { AnnounceContext } from "./announce-context.ts";

/** Everything that counting sightings for a wave needs. */
export type WaveContext = Pick<
  AnnounceContext,
  "waves" | "waveThreshold" | "source" | "runId" | "now" | "knownDevices"
>;

export interface AssignedWave {
  /** Absent: the sightings are announced in messages of their own. */
  readonly wave?: Wave;
  readonly opened: boolean;
}

/**
 * Counts sightings that are about to be announced, and returns the wave that they belong to. The header of a wave that this opens is
 * committed with the wave's row, before any member; the run that loses the race reads again and joins (R5).
 * @param evidence one a sighting
 * @throws {StateError} after `MAX_ATTEMPTS` conflicts
 */
export async function assignWave(
  detection: Detection,
  evidence: readonly Evidence[],
  context: WaveContext,
): Promise<AssignedWave> {
  const { waves, waveThreshold: threshold, now } = context;
  if (threshold === 0 || evidence.length === 0) return { opened: false };
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const stored = await waves.read(detection.id);
    const counted = countAnnouncements(detection.id, stored.state, evidence.length, threshold, now);
    const header = headerOf(counted, detection, evidence, context);
    const outcome = await waves.write(detection.id, counted.state, stored.etag, header, now);
    if (outcome.kind === "done") return { opened: counted.opens, ...(counted.wave && { wave: counted.wave }) };
    if (outcome.kind === "refused")
      throw new StateError(`the state refused the wave of detection ${detection.id}: ${outcome.reason}`);
  }
  throw new StateError(
    `the wave of detection ${detection.id} could not be counted in ${MAX_ATTEMPTS} attempts: other runs keep writing it; the next run tries again`,
  );
}

/** The header of a wave that is opened by this; `undefined` where none is. */
function headerOf(
  { wave, opens, total }: Counted,
  detection: Detection,
  evidence: readonly Evidence[],
  { knownDevices, waveThreshold, source, runId }: WaveContext,
): OutboxMessage | undefined {
  if (!wave || !opens) return undefined;
  const known = knownDevices(detection.id);
  return waveHeader({
    detection,
    wave,
    threshold: waveThreshold,
    count: total,
    initiators: topInitiators(evidence),
    novelty: { firstInState: known === 0, knownDevices: known },
    source,
    runId,
  });
}

/**
 * The processes that brought or started the tool, by number of devices, most first. Of an installation it counts the client, not the
 * installer's service; the service control manager starts everything and is left out.
 */
function topInitiators(evidence: readonly Evidence[]): readonly Initiator[] {
  const found = new Map<string, { readonly name: string; readonly signer?: string; devices: number }>();
  for (const { pieces } of evidence) {
    const here = new Map(
      pieces
        .filter((piece) => !isNeutral(piece))
        .map(({ actor, client }) => {
          const { fileName, certificate } = client ?? actor;
          const initiator = { name: fileName, ...(certificate && { signer: certificate.signer }) };
          return [JSON.stringify([fileName.toLowerCase(), certificate?.signer]), initiator];
        }),
    );
    for (const [key, initiator] of here) {
      const stored = found.get(key);
      if (stored) stored.devices += 1;
      else found.set(key, { ...initiator, devices: 1 });
    }
  }
  return [...found.values()].toSorted((a, b) => b.devices - a.devices || (a.name < b.name ? -1 : 1));
}
