import { kqlDatetime, kqlString } from "./kql-text.ts";
import type { Slice } from "./slice.ts";
import { sliceFilter } from "./slice.ts";

export const SEVERITIES = ["informational", "low", "medium", "high"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What to look for. One catalogue tool, or one Sentinel YAML file. */
export interface Detection {
  /** GUID, lower-case. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Slug of the tool, for filters: `level`. A YAML without one: its file's name. */
  readonly tool: string;
  readonly severity: Severity;
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
  /** Ids whose known sightings this detection takes over: they are not told again. */
  readonly supersedes: readonly string[];
  /** SHA-256, hex, over what decides which rows the detection finds. */
  readonly hash: string;
  /** KQL over one row of DeviceFileCertificateInfo, for links; of the catalogue's tools alone. */
  readonly condition?: string;
}

/**
 * A piece of a pack's query: text, an instant of the planned window (becomes a datetime literal), the place where the slice's
 * `| where …` goes, or where a list of device ids goes, as string literals with commas between them. Pieces, and not marks inside
 * a text, so that no text of a detection can be taken for one.
 */
export type QueryPart =
  | string
  | { readonly instant: "from" | "to" | "since" | "horizon" | "until" }
  | { readonly slice: true }
  | { readonly devices: true };

/**
 * What is asked about the candidates of a pack, for a list of devices each. All answer `DetectionId: string, DeviceId: string,
 * TableName: string, Groups: long, Pieces: string`: a row a device (and detection) with a JSON array in Pieces, which holds the
 * first of as many as Groups says; and a row for each table read, with TableName, whose Groups is 0 where it shows no row at all.
 */
export interface EvidenceQueries {
  /** Who brought the files and who started them. */
  readonly pieces: readonly QueryPart[];
  /** Scheduled tasks that were made or changed. */
  readonly tasks: readonly QueryPart[];
  /** Network logons shortly before an arrival. */
  readonly logons: readonly QueryPart[];
}

/** The detections that one query answers. Made when the package is built (`generated/packs.ts`); the query is valid KQL. */
export interface Pack {
  /** Stable, for keys and logs: `catalogue`, or `yaml-<file name>`. Only `[a-z0-9-]`. */
  readonly name: string;
  /** SHA-256, hex, over the query and the detections' hashes: a change means a new baseline. */
  readonly hash: string;
  readonly detections: readonly Detection[];
  /** Device tables that the query reads. */
  readonly tables: readonly string[];
  /** Milliseconds that the file's own `ago(…)` looks back, where it has one: the plan can't read further. */
  readonly ownWindow?: number;
  /**
   * Answers rows with `DeviceId: string, DeviceName: string, FirstSeen: datetime, LastSeen: datetime, Report: string
   * (a JSON array), Count: long`, and `DetectionId: string` where the pack has several detections.
   */
  readonly query: readonly QueryPart[];
  /** Absent: which files are meant isn't known, as with a YAML of any text. */
  readonly evidence?: EvidenceQueries;
}

/**
 * The window of one query. `from`…`to` is event time; rows ingested since `since` count too, down to `horizon`. Rows ingested
 * after `until` never count (absent: no bound); only the restore of a lost state sets it.
 */
export interface QueryWindow {
  readonly from: Date;
  readonly to: Date;
  readonly since: Date;
  readonly horizon: Date;
  readonly until?: Date;
}

const NO_BOUND = new Date("9999-12-31T00:00:00Z");

/** The KQL text of a query for one window and slice. `devices`: untrusted ids, for a query that has a place for them. */
export function bindQuery(
  query: readonly QueryPart[],
  window: QueryWindow,
  slice: Slice,
  devices: readonly string[] = [],
): string {
  return query
    .map((part) => {
      if (typeof part === "string") return part;
      if ("slice" in part) return sliceFilter(slice);
      if ("devices" in part) return devices.map(kqlString).join(", ");
      return kqlDatetime(window[part.instant] ?? NO_BOUND);
    })
    .join("");
}

/** The window for evidence of a new decision: files arrive before their signer is seen, and late. `horizon`: milliseconds. */
export function wholeHorizon(to: Date, horizon: number): QueryWindow {
  const from = new Date(to.getTime() - horizon);
  return { from, to, since: to, horizon: from };
}

/** The window for what was ingested since an instant, whatever its event time: late events count as well. `horizon`: milliseconds. */
export const ingestedSince = (since: Date, to: Date, horizon: number): QueryWindow => ({
  from: to,
  to,
  since,
  horizon: new Date(to.getTime() - horizon),
});
