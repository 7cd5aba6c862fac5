import { kqlDatetime, kqlString } from "./kql-text.ts";
import type { Slice } from "./slice.ts";
import { sliceFilter } from "./slice.ts";

export const SEVERITIES = ["informational", "low", "medium", "high"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** A detection: one tool of the catalogue, or one Sentinel YAML file. */
export interface Detection {
  /** GUID, lower-case. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Slug of the tool, for filters: `level`. For a YAML file without one, the file's name. */
  readonly tool: string;
  readonly severity: Severity;
  readonly tactics: readonly string[];
  readonly techniques: readonly string[];
  /** Ids of earlier detections. This detection takes over their known sightings, which are not announced again. */
  readonly supersedes: readonly string[];
  /** SHA-256, hex, over everything that decides which rows the detection finds. */
  readonly hash: string;
  /** KQL over one row of DeviceFileCertificateInfo, for links. Only the catalogue's tools have one. */
  readonly condition?: string;
}

/**
 * A part of a pack's query: text; an instant of the planned window, which becomes a datetime literal; the place of the slice's
 * `| where …`; or the place of a list of device ids, as string literals separated by commas. A query is a list of parts, not a text
 * with placeholders, so that no text of a detection can be mistaken for a placeholder.
 */
export type QueryPart =
  | string
  | { readonly instant: "from" | "to" | "since" | "horizon" | "until" }
  | { readonly slice: true }
  | { readonly devices: true };

/**
 * The evidence queries of a pack, each for a list of devices. All return `DetectionId: string, DeviceId: string, TableName: string,
 * Groups: long, Pieces: string`. There is one row a device (and detection): Pieces is a JSON array, and Groups is the number of
 * groups found, of which Pieces may hold only the first. There is also one row for each table read, with TableName: its Groups is 0
 * where the table has no row at all.
 */
export interface EvidenceQueries {
  /** Events of actors that brought the files, and of actors that started them. */
  readonly pieces: readonly QueryPart[];
  /** Scheduled tasks that were made or changed. */
  readonly tasks: readonly QueryPart[];
  /** Network logons shortly before an arrival. */
  readonly logons: readonly QueryPart[];
}

/** The detections of one query. Compiled when the package is built (`generated/packs.ts`); the query is valid KQL. */
export interface Pack {
  /** Stable, for keys and logs: `catalogue`, or `yaml-<file name>`. Only `[a-z0-9-]`. */
  readonly name: string;
  /** SHA-256, hex, over the query and the detections' hashes. A change makes the next read a baseline. */
  readonly hash: string;
  readonly detections: readonly Detection[];
  /** Device tables that the query reads. */
  readonly tables: readonly string[];
  /** Milliseconds that the file's own `ago(…)` reads back, where it has one. The plan can't read further. */
  readonly ownWindow?: number;
  /**
   * Returns rows with `DeviceId: string, DeviceName: string, FirstSeen: datetime, LastSeen: datetime, Report: string
   * (a JSON array), Count: long`, and `DetectionId: string` where the pack has several detections.
   */
  readonly query: readonly QueryPart[];
  /** Absent: the detection's files are not known, as for a YAML file with its own KQL. */
  readonly evidence?: EvidenceQueries;
}

/**
 * The window of one query. It reads rows with an event time in `from`…`to`, and rows ingested since `since` with an event time since
 * `horizon`. Rows ingested after `until` are never read (absent: no bound); only the restore of a lost state sets it.
 */
export interface QueryWindow {
  readonly from: Date;
  readonly to: Date;
  readonly since: Date;
  readonly horizon: Date;
  readonly until?: Date;
}

const NO_BOUND = new Date("9999-12-31T00:00:00Z");

/** The KQL text of a query for one window and slice. `devices`: untrusted ids, for a query with a place for device ids. */
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

/** The window for evidence of a new decision: files arrive before their signer is seen, and rows arrive late. `horizon`: milliseconds. */
export function wholeHorizon(to: Date, horizon: number): QueryWindow {
  const from = new Date(to.getTime() - horizon);
  return { from, to, since: to, horizon: from };
}

/** The window for rows ingested since an instant, whatever their event time within the horizon. `horizon`: milliseconds. */
export const ingestedSince = (since: Date, to: Date, horizon: number): QueryWindow => ({
  from: to,
  to,
  since,
  horizon: new Date(to.getTime() - horizon),
});
