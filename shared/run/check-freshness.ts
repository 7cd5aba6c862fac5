import { blindness, lastDayCount } from "../core/freshness.ts";
import type { Pack } from "../core/pack.ts";
import type { RunCounters } from "../core/run-counters.ts";
import type { SourceFreshness } from "../core/source-freshness.ts";
import type { Source } from "../core/source.ts";
import { SourceError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { describeError } from "../logger.ts";

/** R1: the newest ingestion times are read before the rows are, so that coverage never claims more than was there. */
export async function checkFreshness(
  source: Source,
  packs: readonly Pack[],
  now: Date,
  counters: RunCounters,
  log: Logger,
): Promise<SourceFreshness> {
  const names = [...new Set(packs.flatMap(({ tables }) => tables))].toSorted();
  try {
    counters.queries += 1;
    const tables = await source.freshness(names, now);
    log.info(
      {
        event: "freshness.read",
        source: source.name,
        tables: tables.map((freshness) => ({
          table: freshness.table,
          newestRow: freshness.newestRow,
          newestIngested: freshness.newestIngested,
          rowsLastDay: lastDayCount(freshness, now),
        })),
      },
      "freshness of the tables",
    );
    const blind = tables.flatMap((freshness) => {
      const reason = blindness(freshness, now);
      return reason ? [{ table: freshness.table, reason }] : [];
    });
    if (blind.length > 0)
      log.error(
        { event: "source.blind", source: source.name, tables: blind },
        "tables show nothing new, or no signers: protected, out of the role's condition, or silent. Coverage stays",
      );
    return { source, tables, blind };
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    log.error(
      { event: "source.failed", source: source.name, kind: error.kind, error: describeError(error) },
      "the source can't be queried; the others go on",
    );
    return { source, tables: [], blind: [], error };
  }
}
