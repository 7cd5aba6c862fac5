import { partitionsOf } from "../core/slice.ts";
import type { CoverageSnapshot, CoverageWriter } from "../core/stores/coverage-store.ts";
import type { SightingsReader, SightingsStore } from "../core/stores/sightings-store.ts";
import { StateLostError } from "../errors.ts";

/** Compares a partition's epoch with the one that Coverage names (R10). Pure. */
function assessEpoch(named: string | undefined, stored: string | undefined): "intact" | "adopt" | "make" | "lost" {
  if (named === undefined) return stored === undefined ? "make" : "adopt";
  return named === stored ? "intact" : "lost";
}

/**
 * The epoch of every partition, made where there is none yet. The snapshot must have been read before: in the other order, another run's
 * first epoch would look like a loss.
 *
 * R20: first the epoch row, then Coverage. A crash between the two leaves an epoch that Coverage does not name: adopted.
 * @throws {StateLostError} when Coverage names an epoch that a partition does not have
 */
export async function ensureEpochs(
  snapshot: CoverageSnapshot,
  sightings: Pick<SightingsStore, "epoch" | "makeEpoch">,
  coverage: Pick<CoverageWriter, "nameEpoch">,
  newId: () => string,
): Promise<ReadonlyMap<string, string>> {
  const stored = await storedEpochs(sightings);
  const lost = lostPartitions(snapshot, stored);
  if (lost.length > 0) {
    throw new StateLostError(
      `Coverage names epochs that the partitions ${lost.join(", ")} of Sightings don't have: the state was deleted or replaced. ` +
        "Nothing is announced until an operator runs `firstsight state accept --restore` (what was read before is known again, silently) or `--announce-again` (all is announced again, under new ids)",
    );
  }
  const epochs = await Promise.all(
    [...stored].map(async ([partition, epoch]): Promise<[string, string]> => {
      const named = snapshot.epochs.get(partition);
      if (named !== undefined) return [partition, named];
      const made = epoch ?? (await sightings.makeEpoch(partition, newId()));
      await coverage.nameEpoch(partition, made);
      return [partition, made];
    }),
  );
  return new Map(epochs);
}

/** The epoch of each of the 17 partitions, `undefined` where it has none. */
export async function storedEpochs(
  sightings: Pick<SightingsReader, "epoch">,
): Promise<ReadonlyMap<string, string | undefined>> {
  return new Map(
    await Promise.all(
      partitionsOf("all").map(async (partition): Promise<[string, string | undefined]> => [
        partition,
        await sightings.epoch(partition),
      ]),
    ),
  );
}

export const lostPartitions = (
  snapshot: Pick<CoverageSnapshot, "epochs">,
  stored: ReadonlyMap<string, string | undefined>,
): string[] =>
  [...stored]
    .filter(([partition, epoch]) => assessEpoch(snapshot.epochs.get(partition), epoch) === "lost")
    .map(([partition]) => partition);
