import type { ApprovalSet } from "./approval.ts";
import { approve } from "./approve.ts";
import type { KnownSighting, Novelty, NoveltyPolicy } from "./decide.ts";
import { causeOf, decideNovelty, newSighting } from "./decide.ts";
import type { Evidence } from "./evidence.ts";
import { messageId } from "./message-id.ts";
import type { Detection } from "./pack.ts";
import type { UnitPlan } from "./plan.ts";
import type { Cause, Row, Sighting } from "./sighting.ts";
import { partitionOf } from "./slice.ts";
import type { SourceLabel } from "./source.ts";
import { encodeEvidence } from "./stored-evidence.ts";
import { sightingRowKey } from "./stores/sighting-key.ts";
import type { KnownRecord, SightingRefresh, SightingVersion } from "./stores/sightings-store.ts";
import { StateError } from "../errors.ts";

/** A sighting that is announced. It is decided later whether its own message or a wave's message announces it. */
export interface Announce {
  readonly kind: "announce";
  readonly row: Row;
  readonly novelty: "new" | "returned" | "reannounced";
  /** With the message id that it has outside of a wave. */
  readonly sighting: Sighting & { readonly messageId: string };
  readonly etag?: string;
  readonly evidence: Evidence;
  readonly stored?: string;
  readonly cause: Cause;
  readonly previous?: Pick<KnownSighting, "lastSeen">;
}

/** A sighting that is written without a message: expected, inherited from a superseded id, or restored. */
export interface SaveQuietly {
  readonly kind: "save-quietly";
  readonly row: Row;
  readonly novelty: "new" | "returned" | "inherited";
  readonly sighting: Sighting;
  readonly etag?: string;
  readonly stored?: string;
}

/** A sighting that was seen again: only its `lastSeen` moves. */
export interface Touch {
  readonly kind: "touch";
  readonly row: Row;
  readonly refresh: SightingRefresh;
}

export type Decision = Announce | SaveQuietly | Touch | { readonly kind: "nothing" };

/** The novelty policy of a unit. It is the same for all rows, except for the ends of gaps, which differ by partition. */
export interface UnitPolicy extends Omit<NoveltyPolicy, "gapEnd"> {
  readonly gapEnds: ReadonlyMap<string, Date>;
}

/** Everything that one unit needs to decide about its rows. */
export interface DecisionContext {
  readonly unit: Pick<UnitPlan, "baseline" | "lateBefore">;
  readonly policy: UnitPolicy;
  readonly source: Pick<SourceLabel, "name">;
  readonly approvals: ApprovalSet;
  /** Epoch by partition, as the plan read it. */
  readonly epochs: ReadonlyMap<string, string>;
  /** True where the detection's definition differs from the one of the last read. */
  readonly changed: (detectionId: string) => boolean;
  /** False: an operator restores a lost state, and what is new is written as known, without a message. */
  readonly announce: boolean;
  readonly now: Date;
}

/** Compares a row with its known sighting, or with the one under an id that its detection supersedes (R11). */
export function matchKnown<Known extends SightingVersion>(
  row: Row,
  known: ReadonlyMap<string, Known>,
  context: Pick<DecisionContext, "policy">,
  detection: Detection,
): { readonly novelty: Novelty<Known>; readonly own: Known | undefined; readonly inherited: Known | undefined } {
  const own = known.get(sightingRowKey(row));
  const inherited = own ? undefined : lastKnown(detection.supersedes, row, known);
  const { gapEnds, ...policy } = context.policy;
  const gapEnd = gapEnds.get(partitionOf(row.deviceId));
  return {
    novelty: decideNovelty(row, own ?? inherited, { ...policy, ...(gapEnd && { gapEnd }) }),
    own,
    inherited,
  };
}

/** The known sighting under several superseded ids that was seen last: quiet is counted from it. */
function lastKnown<Known extends SightingVersion>(
  ids: readonly string[],
  row: Row,
  known: ReadonlyMap<string, Known>,
): Known | undefined {
  let last: Known | undefined;
  for (const detectionId of ids) {
    const found = known.get(sightingRowKey({ detectionId, deviceId: row.deviceId }));
    if (found && (!last || found.lastSeen > last.lastSeen)) last = found;
  }
  return last;
}

/** Decides which write a row needs, by the known sightings. Pure. `evidence`: of the row, where it is new or returned. */
export function decideWrite(
  row: Row,
  known: ReadonlyMap<string, KnownRecord>,
  evidence: Evidence,
  detection: Detection,
  context: DecisionContext,
  partition: string,
): Decision {
  const { novelty, own, inherited } = matchKnown(row, known, context, detection);
  if (novelty.kind === "seen-again") {
    if (inherited) return inherit(row, inherited, detection, context);
    return own && novelty.refresh ? { kind: "touch", row, refresh: { ...row, etag: own.etag } } : { kind: "nothing" };
  }
  const before = novelty.kind === "returned" ? novelty.previous : undefined;
  // R6: a sighting decided under a newer set of approvals is left to runs that have that set.
  if (before && before.approvalsVersion > context.approvals.version) return { kind: "nothing" };
  const sighting = newSighting(row, novelty, detection, context.source.name, context.approvals.version, context.now);
  const stored = row.certificate ? encodeEvidence(evidence, row.certificate) : undefined;
  const write = {
    row,
    novelty: novelty.kind,
    ...(own && { etag: own.etag }),
    ...(stored && { stored: stored.text }),
  };
  const verdict = approve(
    {
      tool: detection.tool,
      deviceId: row.deviceId,
      deviceName: row.deviceName,
      deviceGroup: row.certificate?.deviceGroup ?? "",
      firstSeen: sighting.firstSeen,
      counterfeit: row.certificate?.counterfeit ?? false,
    },
    evidence,
    context.approvals.approvals,
    context.now,
  );
  // R13: evidence that can't be stored whole could not be evaluated again, so it is announced.
  if (verdict.covered && stored?.whole === true)
    return {
      kind: "save-quietly",
      ...write,
      sighting: {
        ...sighting,
        disposition: "expected",
        announcement: before?.announcement ?? 0,
        approvalId: verdict.approvalId,
      },
    };
  if (!context.announce) return { kind: "save-quietly", ...write, sighting };
  return {
    kind: "announce",
    ...write,
    sighting: { ...sighting, messageId: messageId({ ...sighting, epochId: epochOf(partition, context) }) },
    evidence,
    cause: causeOf(row, context.unit, context.changed(row.detectionId)),
    ...(before && { previous: before }),
  };
}

/** @throws {StateError} for a partition without an epoch */
export function epochOf(partition: string, { epochs }: Pick<DecisionContext, "epochs">): string {
  const epochId = epochs.get(partition);
  if (epochId === undefined)
    throw new StateError(`partition ${partition} has no epoch; the plan makes one before anything is announced`);
  return epochId;
}

/** A renamed detection announces nothing: the new id takes over the known sighting of the old id. */
function inherit(row: Row, known: KnownRecord, detection: Detection, context: DecisionContext): SaveQuietly {
  const { source, now } = context;
  return {
    kind: "save-quietly",
    row,
    novelty: "inherited",
    sighting: {
      ...newSighting(row, { kind: "new" }, detection, source.name, known.approvalsVersion, now),
      firstSeen: known.firstSeen,
      lastSeen: row.lastSeen > known.lastSeen ? row.lastSeen : known.lastSeen,
      episode: known.episode,
      announcement: known.announcement,
      disposition: known.disposition,
      ...(known.approvalId !== undefined && { approvalId: known.approvalId }),
    },
    // The evidence by which its approval was decided. Without it the next review could not cover the sighting.
    ...(known.stored !== undefined && { stored: known.stored }),
  };
}
