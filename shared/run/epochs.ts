import type { CoverageTable, Ledger } from "../azure/coverage-table.ts";
import type { SightingsTable } from "../azure/sightings-table.ts";
import { partitionsOf } from "../core/slice.ts";
import { StateLostError } from "../errors.ts";

/** What a partition's epoch and the one that Coverage names say together (R10). Pure. */
function judgeEpoch(named: string | undefined, standing: string | undefined): "intact" | "adopt" | "make" | "lost" {
  if (named === undefined) return standing === undefined ? "make" : "adopt";
  return named === standing ? "intact" : "lost";
}

/**
 * The epoch of every partition, made where there is none yet. The ledger must have been read before: read the other way
 * round, another run's first epoch would look like a loss.
 *
 * R20: first the epoch row, then Coverage. A crash between the two leaves an epoch that Coverage does not name: adopted.
 * @throws {StateLostError} when Coverage names an epoch that a partition does not have
 */
export async function ensureEpochs(
  ledger: Ledger,
  sightings: SightingsTable,
  coverage: CoverageTable,
  newId: () => string,
): Promise<ReadonlyMap<string, string>> {
  const standing = await standingEpochs(sightings);
  const lost = lostPartitions(ledger, standing);
  if (lost.length > 0) {
    throw new StateLostError(
      `Coverage names epochs that the partitions ${lost.join(", ")} of Sightings don't have: the state was deleted or replaced. ` +
        "Nothing is announced until an operator runs `firstsight state accept --restore` (what was read before is known again, silently) or `--retell` (all is told again, under new ids)",
    );
  }
  const epochs = await Promise.all(
    [...standing].map(async ([partition, epoch]): Promise<[string, string]> => {
      const named = ledger.epochs.get(partition);
      if (named !== undefined) return [partition, named];
      const made = epoch ?? (await sightings.makeEpoch(partition, newId()));
      await coverage.nameEpoch(partition, made);
      return [partition, made];
    }),
  );
  return new Map(epochs);
}

/** The epoch of each of the 17 partitions, `undefined` where it has none. */
export async function standingEpochs(
  sightings: Pick<SightingsTable, "epoch">,
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

export const lostPartitions = (ledger: Ledger, standing: ReadonlyMap<string, string | undefined>): string[] =>
  [...standing]
    .filter(([partition, epoch]) => judgeEpoch(ledger.epochs.get(partition), epoch) === "lost")
    .map(([partition]) => partition);
