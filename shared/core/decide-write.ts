import type { KnownSighting, Novelty } from "./decide.ts";
import { announce, causeOf, decide } from "./decide.ts";
import { approve } from "./approve.ts";
import type { Evidence } from "./evidence.ts";
import { messageId } from "./message-id.ts";
import type { Detection } from "./pack.ts";
import type { Cause, Row, Sighting } from "./sighting.ts";
import { partitionOf } from "./slice.ts";
import { encodeEvidence } from "./stored-evidence.ts";
import type { SightingVersion, KnownRecord, Refresh } from "../azure/sightings-table.ts";
import { sightingRowKey } from "../azure/sightings-table.ts";
import { StateError } from "../errors.ts";
import type { AnnounceContext } from "../announce/announce-context.ts";

/** A sighting that is to be told, before it is known in which message. */
export interface Announce {
  readonly kind: "tell";
  readonly row: Row;
  readonly novelty: "new" | "returned" | "lifted";
  /** With the id of its own telling. */
  readonly sighting: Sighting & { readonly messageId: string };
  readonly etag?: string;
  readonly evidence: Evidence;
  readonly stored?: string;
  readonly cause: Cause;
  readonly previous?: Pick<KnownSighting, "lastSeen">;
}

/** A sighting that is written and told to nobody: expected, taken over from an old id, or restored. */
export interface SaveQuietly {
  readonly kind: "keep";
  readonly row: Row;
  readonly novelty: "new" | "returned" | "adopted";
  readonly sighting: Sighting;
  readonly etag?: string;
  readonly stored?: string;
}

export interface Touch {
  readonly kind: "refresh";
  readonly row: Row;
  readonly refresh: Refresh;
}

export type Decision = Announce | SaveQuietly | Touch | { readonly kind: "nothing" };

/** What a row means here: against its own sighting, or the one of an id that its detection supersedes (R11). */
export function matchKnown<Of extends SightingVersion>(
  row: Row,
  known: ReadonlyMap<string, Of>,
  by: Pick<AnnounceContext, "policy">,
  detection: Detection,
): { readonly novelty: Novelty<Of>; readonly own: Of | undefined; readonly inherited: Of | undefined } {
  const own = known.get(sightingRowKey(row));
  const inherited = own ? undefined : lastKnown(detection.supersedes, row, known);
  const { gapEnds, ...policy } = by.policy;
  const gapEnd = gapEnds.get(partitionOf(row.deviceId));
  return { novelty: decide(row, own ?? inherited, { ...policy, ...(gapEnd && { gapEnd }) }), own, inherited };
}

/** Where several ids become one, the device was quiet since the latest of them. */
function lastKnown<Of extends SightingVersion>(
  ids: readonly string[],
  row: Row,
  known: ReadonlyMap<string, Of>,
): Of | undefined {
  let last: Of | undefined;
  for (const detectionId of ids) {
    const found = known.get(sightingRowKey({ detectionId, deviceId: row.deviceId }));
    if (found && (!last || found.lastSeen > last.lastSeen)) last = found;
  }
  return last;
}

/** What is to be written for a row, against what is known of it. Pure. `evidence`: of a row that is new or returned. */
export function decideWrite(
  row: Row,
  known: ReadonlyMap<string, KnownRecord>,
  evidence: Evidence,
  detection: Detection,
  by: AnnounceContext,
  partition: string,
): Decision {
  const { novelty, own, inherited } = matchKnown(row, known, by, detection);
  const etag = own && { etag: own.etag };
  if (novelty.kind === "seen-again") {
    // A rename tells nobody: the new id takes over what the old one knew.
    if (inherited)
      return {
        kind: "keep",
        row,
        novelty: "adopted",
        sighting: adopt(row, inherited, detection, by),
        // What its approval was judged on, or the next review would find nothing that covers it.
        ...(inherited.stored !== undefined && { stored: inherited.stored }),
      };
    return own && novelty.refresh ? { kind: "refresh", row, refresh: { ...row, etag: own.etag } } : { kind: "nothing" };
  }
  const before = novelty.kind === "returned" ? novelty.previous : undefined;
  // R6: what a newer set of approvals has judged is left to runs that have it.
  if (before && before.approvalsVersion > by.approvals.version) return { kind: "nothing" };
  const fresh = announce(row, novelty, detection, by.workspace.name, by.approvals.version, by.now);
  const stored = row.certificate ? encodeEvidence(evidence, row.certificate) : undefined;
  const verdict = approve(
    {
      tool: detection.tool,
      deviceId: row.deviceId,
      deviceName: row.deviceName,
      deviceGroup: row.certificate?.deviceGroup ?? "",
      firstSeen: fresh.firstSeen,
      counterfeit: row.certificate?.counterfeit ?? false,
    },
    evidence,
    by.approvals.approvals,
    by.now,
  );
  const kept = { row, novelty: novelty.kind, ...etag, ...(stored && { stored: stored.text }) };
  // R13: what can't be stored whole could not be judged again.
  if (verdict.covered && stored?.whole === true)
    return {
      kind: "keep",
      ...kept,
      sighting: {
        ...fresh,
        disposition: "expected",
        announcement: before?.announcement ?? 0,
        approvalId: verdict.approvalId,
      },
    };
  if (!by.announce) return { kind: "keep", ...kept, sighting: fresh };
  return {
    kind: "tell",
    ...kept,
    sighting: { ...fresh, messageId: messageId({ ...fresh, epochId: epochOf(partition, by) }) },
    evidence,
    cause: causeOf(row, by.unit, by.changed(row.detectionId)),
    ...(before && { previous: before }),
  };
}

export function epochOf(partition: string, { epochs }: Pick<AnnounceContext, "epochs">): string {
  const epochId = epochs.get(partition);
  if (epochId === undefined)
    throw new StateError(`partition ${partition} has no epoch; the plan makes one before anything is told`);
  return epochId;
}

const adopt = (row: Row, inherited: KnownSighting, detection: Detection, by: AnnounceContext): Sighting => ({
  ...announce(row, { kind: "new" }, detection, by.workspace.name, inherited.approvalsVersion, by.now),
  firstSeen: inherited.firstSeen,
  lastSeen: row.lastSeen > inherited.lastSeen ? row.lastSeen : inherited.lastSeen,
  episode: inherited.episode,
  announcement: inherited.announcement,
  disposition: inherited.disposition,
  ...(inherited.approvalId !== undefined && { approvalId: inherited.approvalId }),
});
