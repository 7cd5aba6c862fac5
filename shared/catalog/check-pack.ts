import type { QueryPart, QueryWindow } from "../core/pack.ts";
import { bindQuery } from "../core/pack.ts";
import type { Slice } from "../core/slice.ts";
import { analyse, resultColumns } from "../kql/language.ts";
import { DIALECTS } from "../kql/schema.ts";

/** Whether a query is valid does not depend on the window: any one serves. */
export const SAMPLE_WINDOW: QueryWindow = {
  from: new Date("2026-01-26T00:00:00Z"),
  to: new Date("2026-01-31T00:00:00Z"),
  since: new Date("2026-01-30T18:00:00Z"),
  horizon: new Date("2026-01-01T00:00:00Z"),
};

/** One slice of each kind that a plan can contain. */
const SLICES: readonly Slice[] = ["all", { prefix: "a" }, { prefix: "", other: true }, { prefix: "a", other: true }];

/** Sample ids for a query that takes a list of devices; device ids are untrusted text. */
const SAMPLE_DEVICES = ["0123456789abcdef0123456789abcdef01234567", 'a"]; print "b'];

/** Columns of a pack with one detection, as `Pack` defines them. */
const SINGLE_PACK_COLUMNS =
  "DeviceId: string, DeviceName: string, FirstSeen: datetime, LastSeen: datetime, Report: string, Count: long";

/**
 * Problems of a query in the form that the service gets, in both dialects and for each kind of slice. Each problem once; none for
 * a pack that can be deployed. The parts are valid on their own; a name that the file defines can still break the text around it.
 */
export function packProblems(query: readonly QueryPart[], wanted: string = SINGLE_PACK_COLUMNS): readonly string[] {
  const found = new Set<string>();
  // A query without a slice placeholder has the same text for each slice.
  const texts = new Set(SLICES.map((slice) => bindQuery(query, SAMPLE_WINDOW, slice, SAMPLE_DEVICES)));
  for (const dialect of DIALECTS)
    for (const text of texts) {
      const analysis = analyse(text, dialect);
      const errors = analysis.problems.filter(({ severity }) => severity === "error");
      for (const { message } of errors) found.add(message);
      const columns = resultColumns(analysis)
        .map(({ name, type }) => `${name}: ${type}`)
        .join(", ");
      if (errors.length === 0 && columns !== wanted) found.add(`it answers ${columns} and not ${wanted}`);
    }
  return [...found];
}
